import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/hub/model/json.ts';
import { parseQuery, planQuery } from '../../../src/hub/query/index.ts';
import { documentSource, ids, runQuery, twin } from './query-rows.ts';

/*
 * Every example query of Microsoft's documentation of the language, with the rows that the text around it promises:
 * query-twins.md, query-jobs.md and iot-hub-devguide-query-language.md in MicrosoftDocs/azure-docs. Those of its other pages are in
 * other-documentation.test.ts.
 */

/** The sample twin of query-twins.md. */
const SAMPLE: JsonObject = {
  deviceId: 'myDeviceId',
  etag: 'AAAAAAAAAAc=',
  status: 'enabled',
  statusUpdateTime: '0001-01-01T00:00:00',
  connectionState: 'Disconnected',
  lastActivityTime: '0001-01-01T00:00:00',
  cloudToDeviceMessageCount: 0,
  authenticationType: 'sas',
  x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
  version: 2,
  tags: { location: { region: 'US', plant: 'Redmond43' } },
  properties: {
    desired: {
      telemetryConfig: { configId: 'db00ebf5-eeeb-42be-86a1-458cccb69e57', sendFrequencyInSecs: 300 },
      $metadata: {},
      $version: 4,
    },
    reported: {
      connectivity: { type: 'cellular' },
      telemetryConfig: {
        configId: 'db00ebf5-eeeb-42be-86a1-458cccb69e57',
        sendFrequencyInSecs: 300,
        status: 'Success',
      },
      $metadata: {},
      $version: 7,
    },
  },
};

const DEVICES: readonly JsonObject[] = [
  SAMPLE,
  device('us-fast', 'US', { connectivity: 'wifi', telemetryConfig: { sendFrequencyInSecs: 5, status: 'Pending' } }),
  device('us-wired', 'US', { connectivity: 'wired', telemetryConfig: { sendFrequencyInSecs: 60, status: 'Success' } }),
  device('de-slow', 'DE', { telemetryConfig: { sendFrequencyInSecs: 600, status: 'Pending' } }),
  device('de-broken', 'DE', { connectivity: 'LTE', telemetryConfig: { status: 'Error' } }),
  {
    ...device('de-busy', 'DE', { telemetryConfig: { sendFrequencyInSecs: 30, status: 'Success' } }),
    connectionState: 'Connected',
    lastActivityTime: '2021-05-07T00:50:38.0543092Z',
  },
];

function device(deviceId: string, region: string, reported: JsonObject): JsonObject {
  return twin(deviceId, {
    lastActivityTime: '2021-05-06T00:00:00Z',
    tags: { location: { region } },
    properties: { desired: { $version: 1 }, reported: { ...reported, $version: 2 } },
  });
}

const ALL = DEVICES.map((row) => row['deviceId']);

describe('query-twins.md, device twins', () => {
  test.each<[promise: string, query: string, expected: readonly unknown[]]>([
    ['the whole set of device twins', 'SELECT * FROM devices', ALL],
    [
      'the location.region tag is set to US',
      "SELECT * FROM devices\nWHERE tags.location.region = 'US'",
      ['myDeviceId', 'us-fast', 'us-wired'],
    ],
    [
      'located in the US and configured to send telemetry less than every minute',
      `SELECT * FROM devices
         WHERE tags.location.region = 'US'
           AND properties.reported.telemetryConfig.sendFrequencyInSecs >= 60`,
      ['myDeviceId', 'us-wired'],
    ],
    [
      'report either WiFi or wired connectivity',
      "SELECT * FROM devices\n  WHERE properties.reported.connectivity IN ['wired', 'wifi']",
      ['us-fast', 'us-wired'],
    ],
    [
      'define the connectivity property',
      'SELECT * FROM devices\n  WHERE is_defined(properties.reported.connectivity)',
      ['myDeviceId', 'us-fast', 'us-wired', 'de-broken'],
    ],
    // The first edition of the page wrote `property` for `properties`; no twin has such a member.
    [
      'nothing for a root that no twin has',
      "SELECT * FROM devices WHERE property.reported.connectivity IN ['wifi']",
      [],
    ],
    ['nor is it defined', 'SELECT * FROM devices\n  WHERE is_defined(property.reported.connectivity)', []],
  ])('%s', (_, query, expected) => {
    expect(ids(runQuery(query, DEVICES))).toEqual(expected);
  });

  test('gets a count of the total number of devices in an IoT hub', () => {
    expect(runQuery('SELECT COUNT() as totalNumberOfDevices FROM devices', DEVICES)).toEqual([
      { totalNumberOfDevices: 6 },
    ]);
  });

  test('returns the count of devices in each telemetry configuration status', () => {
    const query = `SELECT properties.reported.telemetryConfig.status AS status,
        COUNT() AS numberOfDevices
      FROM devices
      GROUP BY properties.reported.telemetryConfig.status`;
    expect(runQuery(query, DEVICES)).toEqual([
      { numberOfDevices: 3, status: 'Success' },
      { numberOfDevices: 2, status: 'Pending' },
      { numberOfDevices: 1, status: 'Error' },
    ]);
  });

  test('retrieves the last activity time along with the device ID of all enabled devices that are disconnected', () => {
    const row = twin('AZ3166Device', { lastActivityTime: '2021-05-07T00:50:38.0543092Z' });
    const query =
      "SELECT DeviceId, LastActivityTime FROM devices WHERE status = 'enabled' AND connectionState = 'Disconnected'";
    expect(runQuery(query, [row, twin('on', { connectionState: 'Connected' })])).toEqual([
      { deviceId: 'AZ3166Device', lastActivityTime: '2021-05-07T00:50:38.0543092Z' },
    ]);
  });

  test('"SELECT LastActivityTime FROM devices WHERE status = \'enabled\'" (2018) gives that one member', () => {
    expect(runQuery("SELECT LastActivityTime FROM devices WHERE status = 'enabled'", [SAMPLE])).toEqual([
      { lastActivityTime: '0001-01-01T00:00:00' },
    ]);
  });

  test('comparisons are supported only between primitive types (no objects)', () => {
    const query = 'SELECT * FROM devices WHERE properties.desired.config = properties.reported.config';
    const rows = [
      twin('same', { properties: { desired: { config: 'a' }, reported: { config: 'a' } } }),
      twin('other', { properties: { desired: { config: 'a' }, reported: { config: 'b' } } }),
      twin('objects', { properties: { desired: { config: {} }, reported: { config: {} } } }),
    ];
    expect(ids(runQuery(query, rows))).toEqual(['same']);
  });
});

describe('iot-hub-devguide-query-language.md, the SELECT clause', () => {
  test.each<[string, string, unknown]>([
    ['return all values', 'SELECT * FROM devices', SAMPLE],
    [
      'return specific properties',
      'SELECT DeviceID, LastActivityTime FROM devices',
      { deviceId: 'myDeviceId', lastActivityTime: '0001-01-01T00:00:00' },
    ],
    [
      'aggregate the results of a query to return a count',
      'SELECT COUNT() as TotalNumber FROM devices',
      { TotalNumber: 1 },
    ],
  ])('%s', (_, query, expected) => {
    expect(runQuery(query, [SAMPLE])).toEqual([expected]);
  });
});

describe('query-twins.md, module twins', () => {
  const MODULES = [
    module('device1', 'scanner', 'scanning'),
    module('device2', 'scanner', 'idle'),
    module('device2', 'camera', 'scanning'),
    module('device3', 'lidar', 'scanning'),
  ];

  function module(deviceId: string, moduleId: string, status: string): JsonObject {
    return { deviceId, moduleId, properties: { desired: {}, reported: { status } } };
  }

  test.each<[string, string, readonly string[]]>([
    ['all module twins', 'SELECT * FROM devices.modules', ['scanner', 'scanner', 'camera', 'lidar']],
    [
      'across all devices with the scanning status',
      "Select * from devices.modules where properties.reported.status = 'scanning'",
      ['scanner', 'camera', 'lidar'],
    ],
    [
      'only on the specified subset of devices',
      `SELECT * FROM devices.modules
         WHERE properties.reported.status = 'scanning'
         AND deviceId IN ['device1', 'device2']`,
      ['scanner', 'camera'],
    ],
    [
      'of one name, on devices of an IoT Edge sample',
      "SELECT * FROM devices.modules WHERE devices.modules.moduleId = 'scanner' AND deviceId in ['device2']",
      ['scanner'],
    ],
    // Invoke-AzIotHubQuery: "Query top 2 module twin data on a target device".
    ['on a target device', "select * from devices.modules where devices.deviceId = 'device2'", ['scanner', 'camera']],
  ])('%s', (_, query, expected) => {
    expect(ids(runQuery(query, MODULES))).toEqual(expected);
  });
});

test('a setup script of Azure Video Analyzer reads one reported property of one module of one device', () => {
  const avaedge = (deviceId: string, State: string): JsonObject => ({
    deviceId,
    moduleId: 'avaedge',
    properties: { desired: {}, reported: { State } },
  });
  const query =
    "select properties.reported.State from devices.modules where devices.modules.moduleId = 'avaedge' and devices.deviceId = 'd1'";
  expect(runQuery(query, [avaedge('d1', 'Running'), avaedge('d2', 'Stopped')])).toEqual([{ State: 'Running' }]);
});

describe('query-jobs.md', () => {
  const JOBS = [
    job('myJobId', 'myDeviceId', 'scheduleUpdateTwin', 'completed', '2016-09-29T18:18:56.7787107Z'),
    job('early', 'myDeviceId', 'scheduleUpdateTwin', 'completed', '2016-08-31T23:59:59.9999999Z'),
    job('running', 'myDeviceId', 'scheduleUpdateTwin', 'running', '2016-10-01T00:00:00Z'),
    job('method', 'myDeviceId', 'scheduleDeviceMethod', 'completed', '2016-10-01T00:00:00Z'),
    job('myJobId', 'otherDevice', 'scheduleUpdateTwin', 'failed', '2016-09-29T18:18:56.7787107Z'),
  ];

  function job(jobId: string, deviceId: string, jobType: string, status: string, created: string): JsonObject {
    return { deviceId, jobId, jobType, status, createdDateTimeUtc: created, outcome: { deviceMethodResponse: null } };
  }

  // The documented filter name differs from the stored one; the owner of the rows gives both (service-protocol.md, 6.3).
  const ROWS = JOBS.map((row): JsonObject => ({ ...row, createdTimeUtc: row['createdDateTimeUtc'] ?? null }));

  test.each<[string, string, readonly string[]]>([
    [
      'all jobs (past and scheduled) that affect a single device',
      "SELECT * FROM devices.jobs\n  WHERE devices.jobs.deviceId = 'myDeviceId'",
      ['myJobId', 'early', 'running', 'method'],
    ],
    [
      'all completed device twin update jobs that were created after September 2016 for a specific device',
      `SELECT * FROM devices.jobs
         WHERE devices.jobs.deviceId = 'myDeviceId'
           AND devices.jobs.jobType = 'scheduleUpdateTwin'
           AND devices.jobs.status = 'completed'
           AND devices.jobs.createdTimeUtc > '2016-09-01'`,
      ['myJobId'],
    ],
    [
      'the per-device outcomes of a single job',
      "SELECT * FROM devices.jobs\n  WHERE devices.jobs.jobId = 'myJobId'",
      ['myJobId', 'myJobId'],
    ],
    // The first edition of the page had another name for the type than the service.
    [
      'nothing of a type that no job has',
      `SELECT * FROM devices.jobs
         WHERE devices.jobs.deviceId = 'myDeviceId'
           AND devices.jobs.jobType = 'scheduleTwinUpdate'
           AND devices.jobs.status = 'completed'
           AND devices.jobs.createdTimeUtc > '2016-09-01'`,
      [],
    ],
    // Azure/azure-iot-remote-monitoring.
    [
      'the outcomes of one status of a single job',
      "select * from devices.jobs where devices.jobs.jobId = 'myJobId' and devices.jobs.status = 'failed'",
      ['myJobId'],
    ],
  ])('%s', (_, query, expected) => {
    expect(runQuery(query, ROWS).map((row) => row['jobId'])).toEqual(expected);
  });

  test.each([
    ['projections, therefore only SELECT * is possible', 'SELECT jobId FROM devices.jobs', 'can only be SELECT *'],
    [
      'conditions that refer to the device twin',
      "SELECT * FROM devices.jobs WHERE devices.tags.a = 'b'",
      'nothing is joined',
    ],
    ['aggregations, such as count', 'SELECT COUNT() AS n FROM devices.jobs', 'can only be SELECT *'],
    ['aggregations, such as group by', 'SELECT * FROM devices.jobs GROUP BY status', 'work FROM devices only'],
  ])('queries on devices.jobs do not support %s', (_, query, problem) => {
    expect(() => runQuery(query, ROWS)).toThrow(problem);
  });

  test('the rows are of item type DeviceJob, those of SELECT * FROM devices Twin, all others Raw', () => {
    const itemType = (text: string) => {
      const query = parseQuery(text);
      return planQuery(query, documentSource(query.source)).itemType;
    };
    expect(itemType('SELECT * FROM devices.jobs')).toBe('DeviceJob');
    expect(itemType('SELECT * FROM devices')).toBe('Twin');
    expect(itemType('SELECT deviceId FROM devices')).toBe('Raw');
    expect(itemType('SELECT COUNT() FROM devices')).toBe('Raw');
  });
});
