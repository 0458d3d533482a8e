import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { SERVICE_ROUTES } from '../../src/hub/front-ends/https/https-front-end.ts';
import { hostileJson } from './hostile-json.ts';
import { mutate, mutateText } from './mutate.ts';
import { IS_LONG, Random, rounds, SEED } from './random.ts';
import { TorturedHub } from './tortured-hub.ts';

const AT_ONCE = 8;
/** Without the one that would take the victim away. */
const ROUTES = SERVICE_ROUTES.filter(({ method, path }) => method !== 'DELETE' || path !== '/devices/:deviceId');
const TIMEOUT = { timeout: IS_LONG ? 3_600_000 : 60_000 };

test(`hostile requests to every operation are answered, never with a fault (seed ${SEED})`, TIMEOUT, async () => {
  await using tortured = await TorturedHub.start();
  await tortured.call('PUT', '/devices/victim/modules/m', '{"deviceId":"victim","moduleId":"m"}');
  await inLanes(rounds(3_000, 250_000), async (number) => {
    const random = new Random(SEED + number);
    const route = random.pick(ROUTES);
    const path = hostilePath(route.path, random);
    const body = random.chance(0.8) ? hostileBody(route.path, random) : undefined;
    const { status, text } = await tortured.call(route.method, path, body);
    if (status >= 500 && status !== 504) {
      const [cause] = tortured.faults;
      throw new Error(`${route.method} ${path} ${body ?? ''} was answered with ${status} ${text}`, { cause });
    }
    if (number % 1000 === 0) await tortured.check();
  });
  await tortured.check();
});

test(`mutated bytes on the HTTPS port end their connection, or are answered (seed ${SEED})`, TIMEOUT, async () => {
  await using tortured = await TorturedHub.start();
  const secureContext = createSecureContext({ ca: tortured.hub.ca });
  const requests = validRequests(tortured);
  await inLanes(rounds(600, 100_000), async (number) => {
    const random = new Random(SEED + number);
    const bytes = Buffer.concat([
      mutate(random.pick(requests), random),
      random.chance(0.5) ? random.pick(requests) : Buffer.alloc(0),
    ]);
    const answer = await attack({ port: tortured.hub.server.ports.https, secureContext }, bytes);
    expect(answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer) || answer.startsWith('HTTP/1.1 504'), answer).toBe(
      true,
    );
    if (number % 500 === 0) await tortured.check();
  });
  await tortured.check();
});

describe('what bad HTTP once found', () => {
  test('a client that goes away in the middle of a body is no fault of the hub', async () => {
    await using tortured = await TorturedHub.start();
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const half = `PATCH /twins/victim?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${tortured.token('localhost')}\r\nContent-Length: 100\r\n\r\n{"tags":`;
    await new Promise<void>((resolve) => {
      const socket = connect({ host: 'localhost', port: tortured.hub.server.ports.https, secureContext }, () => {
        socket.write(half, () => socket.destroy());
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    await tortured.check();
  });

  test('a twin that is changed in the moment in which its device is deleted is no fault of the hub', async () => {
    await using tortured = await TorturedHub.start();
    const { registry, twins } = tortured.hub.server.hub;
    await tortured.hub.createDevice('short-lived');
    const changed = twins.patch({ deviceId: 'short-lived' }, { tags: { a: 1 } }, { kind: 'any' });
    await registry.deleteDevice('short-lived', { kind: 'any' });
    expect(await changed).toMatchObject({ deviceId: 'short-lived', tags: { a: 1 } });
    await tortured.check();
  });

  test('a body that is too large is refused in words, before the connection ends', async () => {
    await using tortured = await TorturedHub.start();
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const head = `PATCH /twins/victim?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${tortured.token('localhost')}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`;
    const answer = await attack(
      { port: tortured.hub.server.ports.https, secureContext },
      Buffer.from(head + chunk.repeat(17)),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    await tortured.check();
  });
});

async function inLanes(count: number, run: (number: number) => Promise<void>): Promise<void> {
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      await run(started);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

const IDS = [
  'victim',
  'nobody',
  '__proto__',
  'constructor',
  'a'.repeat(200),
  '%00',
  '%2F..%2F',
  'é',
  '$',
  '*',
  'm',
] as const;

function hostilePath(pattern: string, random: Random): string {
  const filled = pattern.replace(/:\w+/g, () => (random.chance(0.5) ? 'victim' : encodeURI(random.pick(IDS))));
  const query = random.chance(0.2) ? `?top=${encodeURIComponent(mutateText('10', random))}` : '';
  if (random.chance(0.9)) return filled + query;
  // Only what an HTTP client lets through.
  return `/${mutateText(filled, random).replace(/[^\x21-\x7e]/g, '%')}`.replace(/[?#]/g, '') + query;
}

const CONFIGURATION =
  '{"id":"c","content":{"deviceContent":{"properties.desired.a":{"b":1}},"modulesContent":{}},"targetCondition":"*","priority":1,' +
  '"metrics":{"queries":{"m":"SELECT deviceId FROM devices"}}}';

/** What an operation expects, so that an enemy's body comes far enough to do harm. */
const BODIES: readonly (readonly [RegExp, string])[] = [
  [
    /methods$|commands/,
    '{"methodName":"reboot","responseTimeoutInSeconds":5,"connectTimeoutInSeconds":0,"payload":{}}',
  ],
  [/testQueries/, '{"targetCondition":"tags.a = 1","customMetricQueries":{"m":"SELECT deviceId FROM devices"}}'],
  [/query/, '{"query":"SELECT * FROM devices WHERE tags.a = 1"}'],
  [/applyConfigurationContent/, '{"modulesContent":{"$edgeAgent":{"properties.desired":{"a":1}}}}'],
  [/configurations/, CONFIGURATION],
  [/digitaltwins/, '[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b"}]'],
  [/twins/, '{"tags":{"a":{"b":1}},"properties":{"desired":{"c":[1,2]}}}'],
  [
    /jobs\/v2/,
    '{"jobId":"j","type":"scheduleUpdateTwin","updateTwin":{"tags":{"a":1}},"queryCondition":"*","startTime":"","maxExecutionTimeInSeconds":5}',
  ],
  [
    /modules/,
    '{"deviceId":"victim","moduleId":"m","authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}',
  ],
  [
    /devices\/:deviceId$/,
    '{"deviceId":"victim","status":"enabled","authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}',
  ],
  [
    /./,
    '[{"id":"bulk-1","importMode":"createOrUpdate","tags":{"x":1}},{"id":"bulk-1"},{"id":"victim","importMode":"updateTwin"}]',
  ],
];

function hostileBody(path: string, random: Random): string {
  const good = BODIES.find(([pattern]) => pattern.test(path))?.[1] ?? '{}';
  const kind = random.below(5);
  if (kind === 0) return hostileJson(random);
  if (kind === 1) return mutateText(good, random);
  return spoilt(JSON.parse(good), random);
}

/** A document in which one value, at any depth, is an enemy's. */
function spoilt(value: unknown, random: Random): string {
  if (typeof value !== 'object' || value === null || random.chance(0.2)) return hostileJson(random);
  const entries = Object.entries(value);
  if (entries.length === 0) return hostileJson(random);
  const chosen = random.below(entries.length);
  const members = entries.map(([name, member], index) => {
    const text = index === chosen ? spoilt(member, random) : JSON.stringify(member);
    return Array.isArray(value) ? text : `${JSON.stringify(name)}:${text}`;
  });
  return Array.isArray(value) ? `[${members.join()}]` : `{${members.join()}}`;
}

function validRequests(tortured: TorturedHub): Buffer[] {
  const request = (method: string, path: string, body = '', headers = ''): Buffer =>
    Buffer.from(
      `${method} ${path}?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${tortured.token('localhost')}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`,
    );
  return [
    request('GET', '/devices'),
    request('GET', '/twins/victim'),
    request('PATCH', '/twins/victim', '{"tags":{"a":1}}', 'If-Match: "AAAAAAAAAAE="\r\n'),
    request('POST', '/devices/query', '{"query":"SELECT * FROM devices"}', 'x-ms-max-item-count: 10\r\n'),
    request('POST', '/twins/victim/methods', '{"methodName":"m","connectTimeoutInSeconds":0}'),
    request(
      'GET',
      '/$iothub/websocket',
      '',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n',
    ),
  ];
}

const PATIENCE_MS = 500;

/** Sends bytes and reads what comes back; a hub that waits for more is left alone after a while. */
function attack(
  { port, secureContext }: { port: number; secureContext: SecureContext },
  bytes: Buffer,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: 'localhost', port, secureContext }, () => socket.write(bytes));
    const late = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      // A whole answer is enough.
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      resolve(answer);
    });
  });
}
