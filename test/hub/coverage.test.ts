/** Holds docs/coverage.md against the code, in both directions. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/hub/front-ends/amqp/addresses.ts';
import { SERVICE_ROUTES } from '../../src/hub/front-ends/https/https-front-end.ts';
import { ABSENT_ROUTES } from '../../src/hub/front-ends/https/routes/absent.ts';
import { CERTIFICATE_ROUTES } from '../../src/hub/front-ends/https/routes/certificates.ts';
import { CONTROL_ROUTES } from '../../src/hub/front-ends/https/routes/control.ts';
import { DEVICE_API_ROUTES } from '../../src/hub/front-ends/https/routes/device-messages.ts';
import { Topics } from '../../src/hub/front-ends/mqtt/topics.ts';
import { EVENT_SOURCES } from '../../src/hub/model/event-notifications.ts';
import { AGGREGATES } from '../../src/hub/query/aggregate.ts';
import { FUNCTIONS, ROUTING_FUNCTIONS } from '../../src/hub/query/functions.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { connectCode, connectRaw } from '../support/mqtt-device.ts';
import { rest } from '../support/rest.ts';

interface Row {
  readonly section: string;
  readonly name: string;
  readonly state: string;
  readonly how: string;
}

const ROWS = readRows(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'coverage.md'), 'utf8'));
const OPERATIONS = ['Service operations over HTTPS', 'Device operations over HTTPS', "The owner's own operations"];

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

test('every row says whether it is as Azure, differs or is absent, and what differs', () => {
  expect(ROWS.filter(({ state }) => !['as Azure', 'differs', 'absent'].includes(state))).toEqual([]);
  expect(ROWS.filter(({ state, how }) => state === 'differs' && how === '')).toEqual([]);
});

describe('operations over HTTPS', () => {
  const control = CONTROL_ROUTES({ stop: () => undefined, reset: () => Promise.resolve() });
  const present = [...SERVICE_ROUTES, ...DEVICE_API_ROUTES, ...CERTIFICATE_ROUTES, ...control].map(nameOf);

  test('those in the document are those in the code', () => {
    expect(names(OPERATIONS, false).sort()).toEqual(present.sort());
    expect(names(OPERATIONS, true).sort()).toEqual(ABSENT_ROUTES.map(nameOf).sort());
  });

  test.each(ABSENT_ROUTES.map((route) => [nameOf(route), route] as const))(
    'the absent %s is refused by its name',
    async (name, { method, path }) => {
      const { status, body } = await rest(hub, method, path.replaceAll(/:\w+/g, 'x'));
      expect(status).toBe(404);
      expect(body.Message).toContain(name);
    },
  );

  test('an operation that nobody has heard of is refused by its name too', async () => {
    const { status, body } = await rest(hub, 'PUT', '/never/heard/of');
    expect([status, body.Message]).toEqual([404, expect.stringContaining('PUT /never/heard/of')]);
  });
});

describe('transports', () => {
  const probes: Readonly<Record<string, () => Promise<boolean>>> = {
    'MQTT 3.1.1': async () => (await connectCode(connectRaw(hub, await hub.createDevice('mqtt')))) === 0,
    'MQTT 3.1.1 over WebSocket': () => opensWebSocket('mqtt'),
    'AMQP 1.0': answersAmqp,
    'AMQP 1.0 over WebSocket': () => opensWebSocket('AMQPWSB10'),
    HTTPS: async () => (await rest(hub, 'GET', '/health')).status === 200,
    'MQTT 5': async () => {
      const device = await hub.createDevice('mqtt5');
      return (await connectCode(connectRaw(hub, device, { protocolVersion: 5 }))) === 0;
    },
  };

  test('those in the document are those that can be tried', () => {
    expect(
      rowsOf('Transports')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(probes).sort());
  });

  test.each(rowsOf('Transports').map(({ name, state }) => [name, state] as const))('%s: %s', async (name, state) => {
    expect(await probes[name]?.()).toBe(state !== 'absent');
  });
});

describe('topics of MQTT', () => {
  const topics = [new Topics({ deviceId: '{id}' }), new Topics({ deviceId: '{id}', moduleId: '{module}' })];
  test.each(rowsOf('Device operations over MQTT').map(({ name, state }) => [name, state] as const))(
    '%s: %s',
    (name, state) => {
      const isServed = topics.some((own) => own.parse(name) !== undefined || own.isSubscribable(name));
      expect(isServed).toBe(state !== 'absent');
    },
  );

  test('every one that a device may publish to or subscribe to is in the document', () => {
    const kinds = rowsOf('Device operations over MQTT').flatMap(({ name }) =>
      topics.map((own) => (own.isSubscribable(name) ? name : own.parse(name)?.kind)),
    );
    for (const kind of ['telemetry', 'getTwin', 'reportProperties', 'methodResponse']) expect(kinds).toContain(kind);
    expect(new Set(kinds.filter((kind) => kind?.endsWith('#'))).size).toBe(6);
  });
});

describe('links of AMQP', () => {
  test.each(rowsOf('Links over AMQP').map(({ name, state }) => [name, state] as const))('%s: %s', (name, state) => {
    expect(parseAddress(name).kind !== 'unknown').toBe(state !== 'absent');
  });

  test('every kind of address is in the document', () => {
    const kinds = new Set(rowsOf('Links over AMQP').map(({ name }) => parseAddress(name).kind));
    const all = ['cbs', 'device', 'cloudToDevice', 'feedback', 'fileNotifications', 'hubEvents', 'eventHubManagement'];
    expect([...kinds].sort()).toEqual([...all, 'partition', 'unknown'].sort());
  });
});

test('the sources of events in the document are those in the code', () => {
  expect(names(['Events that a back end can watch'], false).sort()).toEqual([...EVENT_SOURCES].sort());
});

describe('functions of the query language', () => {
  test('those in the document are those in the code', () => {
    const present = [...Object.keys(FUNCTIONS), ...Object.keys(AGGREGATES)];
    expect(names(['Query language'], false).sort()).toEqual(present.sort());
    expect(names(['Query language'], true).sort()).toEqual(Object.keys(ROUTING_FUNCTIONS).sort());
  });

  test.each(names(['Query language'], true))('the absent %s is refused by its name', async (name) => {
    const query = `SELECT * FROM devices WHERE ${name}(tags.a)`;
    const { status, body } = await rest(hub, 'POST', '/devices/query', { body: { query } });
    expect([status, body.Message]).toEqual([400, expect.stringContaining(name)]);
  });
});

function nameOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}

function rowsOf(section: string): Row[] {
  return ROWS.filter((row) => row.section === section);
}

function names(sections: readonly string[], absent: boolean): string[] {
  return ROWS.filter((row) => sections.includes(row.section) && (row.state === 'absent') === absent).map(
    ({ name }) => name,
  );
}

/** The rows of all tables: a name in backticks, a state, a text. */
function readRows(text: string): Row[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('## ')) section = line.slice(3);
    const cells = /^\| `([^`]+)`\s*\|([^|]*)\|([^|]*)\|$/.exec(line);
    return cells === null ? [] : [{ section, name: cells[1]!, state: cells[2]!.trim(), how: cells[3]!.trim() }];
  });
}

/** Whether the AMQP port answers with the header of SASL. */
async function answersAmqp(): Promise<boolean> {
  const socket = connectTls({ host: 'localhost', port: hub.server.ports.amqp, ca: hub.ca });
  await once(socket, 'secureConnect');
  socket.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]));
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.subarray(0, 4).toString() === 'AMQP';
}

async function opensWebSocket(protocol: string): Promise<boolean> {
  const url = `wss://localhost:${hub.server.ports.https}/$iothub/websocket`;
  const socket = new WebSocket(url, protocol, { ca: hub.ca });
  await once(socket, 'open');
  socket.terminate();
  return socket.protocol === protocol;
}
