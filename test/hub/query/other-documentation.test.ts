import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/hub/model/json.ts';
import { parseCondition, planCondition } from '../../../src/hub/query/index.ts';
import { documentSource, ids, runQuery, twin } from './query-rows.ts';

/*
 * The queries of Microsoft's pages on automatic device management and IoT Edge and of its tutorials, with the rows that the
 * text around them promises, and some that Microsoft's own programs send.
 */

describe('automatic device management and IoT Edge: conditions and metrics', () => {
  const CHILLERS = [
    chiller('pending', 'Applied', 'pending'),
    chiller('current', 'Applied', 'current'),
    chiller('failed', 'Applied', 'error'),
    chiller('targeted', 'Targeted', 'pending'),
    twin('none'),
  ];

  function chiller(deviceId: string, applied: string, status: string): JsonObject {
    const configurations = { yourconfigname: { status: applied }, chillersettingswashington: { status: applied } };
    return twin(deviceId, { configurations, properties: { reported: { chillerWaterSettings: { status } } } });
  }

  test.each<[string, string, readonly string[]]>([
    [
      'a metric for pending settings changes',
      "SELECT deviceId FROM devices\n  WHERE properties.reported.chillerWaterSettings.status='pending'",
      ['pending', 'targeted'],
    ],
    [
      'a clause that the configuration was applied',
      `/* Include the double brackets. */
       SELECT deviceId FROM devices
         WHERE configurations.[[yourconfigname]].status='Applied'`,
      ['pending', 'current', 'failed'],
    ],
    [
      'Compliant',
      "select deviceId from devices where configurations.[[chillersettingswashington]].status = 'Applied' AND properties.reported.chillerWaterSettings.status='current'",
      ['current'],
    ],
    [
      'Error',
      "select deviceId from devices where configurations.[[chillersettingswashington]].status = 'Applied' AND properties.reported.chillerWaterSettings.status='error'",
      ['failed'],
    ],
    [
      'Pending',
      "select deviceId from devices where configurations.[[chillersettingswashington]].status = 'Applied' AND properties.reported.chillerWaterSettings.status='pending'",
      ['pending'],
    ],
    // A root property comes back in canonical case.
    [
      'a metric that writes deviceid',
      "select deviceid from devices where configurations.[[yourconfigname]].status='Targeted'",
      ['targeted'],
    ],
  ])('%s', (_, query, expected) => {
    expect(runQuery(query, CHILLERS)).toEqual(expected.map((deviceId) => ({ deviceId })));
  });

  test('the hub counts a deployment as successful where the desired version equals the last desired version reported', () => {
    const edgeAgent = (moduleId: string, version: number, code: number): JsonObject => ({
      deviceId: 'edge',
      moduleId,
      properties: {
        desired: { $version: 4 },
        reported: { lastDesiredVersion: version, lastDesiredStatus: { code }, $version: 9 },
      },
    });
    const query = `select deviceId, moduleId from devices.modules where moduleId = '$edgeAgent' and
      properties.desired.$version = properties.reported.lastDesiredVersion and
      properties.reported.lastDesiredStatus.code = 200`;
    const rows = [edgeAgent('$edgeAgent', 4, 200), edgeAgent('$edgeAgent', 3, 200), edgeAgent('$edgeHub', 4, 200)];
    expect(runQuery(query, rows)).toEqual([{ deviceId: 'edge', moduleId: '$edgeAgent' }]);
  });
});

describe('target conditions of configurations', () => {
  const DEVICE = twin('d', {
    tags: { environment: 'test', building: 9 },
    properties: { desired: { devicemodel: '4000x' }, reported: { chillerProperties: { model: '4000x' } } },
  });

  test.each([
    ["tags.environment='test'", 'devices'],
    ["properties.desired.devicemodel='4000x'", 'devices'],
    ["properties.reported.chillerProperties.model='4000x'", 'devices'],
    ["from devices.modules where tags.environment='test'", 'devices.modules'],
    ["from devices.modules where properties.reported.chillerProperties.model='4000x'", 'devices.modules'],
    ['from devices.modules where tags.building=9', 'devices.modules'],
  ])('%s', (text, source) => {
    const condition = parseCondition(text);
    expect(condition.source).toBe(source);
    const { matches } = planCondition(condition, documentSource(condition.source));
    expect(matches(DEVICE)).toBe(true);
    expect(matches(twin('other', { tags: { environment: 'production' } }))).toBe(false);
  });
});

// module-deployment-monitoring.md and how-to-deploy-vscode-at-scale.md
describe('target conditions of IoT Edge deployments', () => {
  const FLEET = [
    twin('linuxprod1', { tags: { environment: 'prod', location: 'westus2', operator: 'John' } }),
    twin('linuxprod2', { tags: { environment: 'prod', location: 'eastus', operator: 'John' } }),
    twin('linuxtest', { tags: { environment: 'test', location: 'westus2' } }),
    twin("operator'sDevice", { properties: { desired: {}, reported: { devicemodel: '4000x' } } }),
    twin('office', { tags: { location: { building: '20', floor: '2' }, roomtype: 'conference' } }),
  ];
  const targetsOf = (text: string): unknown[] => {
    const condition = parseCondition(text);
    const { matches } = planCondition(condition, documentSource(condition.source));
    return FLEET.filter((row) => matches(row)).map((row) => row['deviceId']);
  };

  test.each<[string, readonly string[]]>([
    ["deviceId ='linuxprod1'", ['linuxprod1']],
    ["deviceId = 'linuxprod1' OR deviceId = 'linuxprod2' OR deviceId = 'linuxprod3'", ['linuxprod1', 'linuxprod2']],
    ["tags.environment ='prod'", ['linuxprod1', 'linuxprod2']],
    ["tags.environment = 'prod' AND tags.location = 'westus2'", ['linuxprod1']],
    ["tags.environment = 'prod' OR tags.location = 'westus2'", ['linuxprod1', 'linuxprod2', 'linuxtest']],
    ["tags.operator = 'John' AND tags.environment = 'prod' AND NOT deviceId = 'linuxprod1'", ['linuxprod2']],
    ["properties.reported.devicemodel = '4000x'", ["operator'sDevice"]],
    ["tags.location.building = '20'", ['office']],
    // "you need to escape the single quote with another single quote"
    ["deviceId='operator''sDevice'", ["operator'sDevice"]],
  ])('%s', (text, expected) => {
    expect(targetsOf(text)).toEqual(expected);
  });

  test('the AND that the first edition of the page forgot is missed', () => {
    const text = "tags.operator = 'John' AND tags.environment = 'prod' NOT deviceId = 'linuxprod1'";
    expect(() => targetsOf(text)).toThrow('NOT');
  });

  test('a metric of a deployment: who has got it', () => {
    const query = 'SELECT deviceId FROM devices WHERE properties.reported.lastDesiredStatus.code = 200';
    const reported = (deviceId: string, code: number): JsonObject =>
      twin(deviceId, { properties: { desired: {}, reported: { lastDesiredStatus: { code } } } });
    expect(runQuery(query, [reported('done', 200), reported('failed', 400)])).toEqual([{ deviceId: 'done' }]);
  });
});

describe('the tutorials on device twins and on rebooting devices', () => {
  const ROWS = [
    twin('cellular', {
      tags: { location: { plant: 'Redmond43' } },
      properties: { reported: { connectivity: { type: 'cellular' } } },
    }),
    twin('quiet', { tags: { location: { plant: 'Redmond43' } } }),
    twin('away', { tags: { location: { plant: 'Munich' } } }),
  ];

  test.each<[string, readonly string[]]>([
    ["SELECT * FROM devices WHERE tags.location.plant = 'Redmond43'", ['cellular', 'quiet']],
    [
      "SELECT * FROM devices WHERE tags.location.plant = 'Redmond43' AND properties.reported.connectivity.type = 'cellular'",
      ['cellular'],
    ],
    ["SELECT * FROM devices WHERE deviceId IN ['cellular']", ['cellular']],
    ["SELECT * FROM devices WHERE devices.deviceId IN ['quiet', 'away']", ['quiet', 'away']],
  ])('%s', (query, expected) => {
    expect(ids(runQuery(query, ROWS))).toEqual(expected);
  });
});

// iot-hub-device-management-iot-extension-azure-cli-2-0.md
describe('the page on device management with the Azure CLI', () => {
  const ROWS = [
    twin('both', { tags: { role: 'temperature&humidity' } }),
    twin('door', { tags: { role: 'door' } }),
    twin('untagged'),
  ];

  // "Query all devices except those with a tag of": one without any such tag compares with nothing.
  test.each<[string, readonly string[]]>([
    ["SELECT * FROM devices WHERE tags.role = 'temperature&humidity'", ['both']],
    ["SELECT * FROM devices WHERE tags.role != 'temperature&humidity'", ['door']],
  ])('%s', (query, expected) => {
    expect(ids(runQuery(query, ROWS))).toEqual(expected);
  });
});

describe("queries of Microsoft's own programs", () => {
  // az iot hub device-identity list --edge-enabled, Azure PowerShell, and the page on IoT Edge gateways.
  test.each<[string, readonly string[]]>([
    ['select * from devices where capabilities.iotEdge = true', ['edge']],
    ['SELECT * FROM devices WHERE capabilities.iotEdge = false', ['leaf', 'loose']],
    ["select * from devices where capabilities.iotEdge=false and deviceScope='scope-1'", ['leaf']],
  ])('%s', (query, expected) => {
    const rows = [
      twin('edge', { capabilities: { iotEdge: true }, deviceScope: 'scope-1' }),
      twin('leaf', { capabilities: { iotEdge: false }, deviceScope: 'scope-1' }),
      twin('loose', { capabilities: { iotEdge: false } }),
    ];
    expect(ids(runQuery(query, rows))).toEqual(expected);
  });

  // Azure/Industrial-IoT, ListSitesAsync: the group's key is read from the member of the tag's own name.
  test('SELECT tags.X, COUNT() … GROUP BY tags.X names the member by the last name of the path', () => {
    const rows = [twin('a', { tags: { SiteOrGatewayId: 's1' } }), twin('b', { tags: { SiteOrGatewayId: 's1' } })];
    const query = 'SELECT tags.SiteOrGatewayId, COUNT() FROM devices GROUP BY tags.SiteOrGatewayId';
    expect(runQuery(query, rows)).toEqual([{ SiteOrGatewayId: 's1', COUNT: 2 }]);
  });

  // Azure/Industrial-IoT, QueryApplicationsAsync.
  test('AND NOT IS_DEFINED(…) keeps the rows without the property', () => {
    const rows = [twin('seen', { tags: { Type: 'g' } }), twin('gone', { tags: { Type: 'g', NotSeenSince: 'x' } })];
    const query = "SELECT * FROM devices WHERE tags.Type = 'g' AND NOT IS_DEFINED(tags.NotSeenSince) ";
    expect(ids(runQuery(query, rows))).toEqual(['seen']);
  });

  // Azure/azure-iot-cli-extension, the children of an edge device.
  test("array_contains(parentScopes, '…') finds the devices below a parent", () => {
    const scope = 'ms-azure-iot-edge://edge-1-637';
    const rows = [twin('child', { parentScopes: [scope] }), twin('orphan')];
    const query = `SELECT * FROM devices WHERE array_contains(parentScopes, '${scope}')`;
    expect(ids(runQuery(query, rows))).toEqual(['child']);
  });
});
