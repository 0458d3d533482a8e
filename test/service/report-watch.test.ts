import { setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';
import { openServiceClient, type ServiceClient } from '../../src/sdk/service-client.ts';
import type { TwinDocument } from '../../src/sdk/service-documents.ts';
import { ReportWatch } from '../../src/service/report-watch.ts';
import { lastUpdated } from '../../src/service/sections.ts';

const OLDER = '2025-12-31T23:59:59Z';
const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-01-01T00:00:07.5Z';

let server: Server;
let client: ServiceClient;
const stop = new AbortController();
setMaxListeners(0, stop.signal);
/** When each device reported, by its twin and by what a query says, which may be late. */
let twins: Record<string, string>;
let rows: Record<string, string>;
let queryStatus: number;
let reads: string[];
let queries: string[];

// Queries that are late, wrong or refused cannot be had from the local hub: this one is told what to say.
beforeAll(async () => {
  const made = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  server = createServer({ key: made.key, cert: made.certificate }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const [status, body] = request.method === 'POST' ? answerQuery(text) : [200, readTwin(request.url ?? '')];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const hub = {
    connection: { hostName: 'localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: 'c2VjcmV0' },
    address: {
      hostName: 'localhost',
      local: true,
      httpsPort: port,
      mqttPort: 0,
      amqpPort: 0,
      ca: made.caCertificate,
    },
    source: 'test',
  };
  client = await openServiceClient(hub, { env: {}, signal: stop.signal });
});

beforeEach(() => {
  twins = { a: OLD, b: OLD, c: OLD };
  rows = { ...twins };
  queryStatus = 200;
  reads = [];
  queries = [];
});

afterAll(() => {
  stop.abort();
  client.close();
  server.closeAllConnections();
  server.close();
});

function answerQuery(body: string): [number, unknown] {
  queries.push(String(JSON.parse(body).query));
  if (queryStatus !== 200) return [queryStatus, { errorCode: 400004, message: 'no' }];
  return [200, Object.entries(rows).map(([deviceId, stamp]) => ({ deviceId, ...twin(deviceId, stamp).properties }))];
}

function readTwin(url: string): object {
  const deviceId = /^\/twins\/(\w+)/.exec(url)?.[1] ?? '';
  reads.push(deviceId);
  return twin(deviceId, twins[deviceId] ?? OLD);
}

function twin(deviceId: string, stamp: string): TwinDocument {
  return {
    deviceId,
    etag: 'x',
    tags: {},
    properties: { desired: {}, reported: { $metadata: { $lastUpdated: stamp } } },
  };
}

/** Waits until a query or the twin says that the device has reported. */
function waitFor(watch: ReportWatch, deviceId: string, timeoutMs = 5000): Promise<string | undefined> {
  return watch.until({ since: twin(deviceId, OLD), timeoutMs }, async (told) => {
    const stamp = lastUpdated((told ?? (await client.getTwin(deviceId))).properties.reported, []);
    return stamp === OLD ? undefined : stamp;
  });
}

describe('waiting for what many devices report', () => {
  test('one query for all, and no twin is read of a device of which it tells', async () => {
    const watch = new ReportWatch(client, stop.signal);
    const all = ['a', 'b', 'c'].map((deviceId) => waitFor(watch, deviceId, 900));
    twins['b'] = rows['b'] = NEW;
    expect(await all[1]).toBe(NEW);
    expect(reads).toEqual([]);
    expect(queries[0]).toBe(
      'SELECT deviceId, properties.reported AS reported FROM devices ' +
        "WHERE properties.reported.$metadata.$lastUpdated > '2026-01-01T00:00:00' AND deviceId IN ['a','b','c']",
    );
    // Whose time is up is looked at once more.
    twins['c'] = NEW;
    expect(await Promise.all(all)).toEqual([undefined, NEW, NEW]);
  });

  test('what a query is late with is found in the twin', async () => {
    const watch = new ReportWatch(client, stop.signal);
    twins['a'] = NEW;
    expect(await waitFor(watch, 'a')).toBe(NEW);
  });

  test('a query that is late with what was known before tells nothing', async () => {
    const watch = new ReportWatch(client, stop.signal);
    rows['a'] = OLDER;
    expect(await waitFor(watch, 'a', 900)).toBeUndefined();
    expect(queries.length).toBeGreaterThan(0);
  });

  test('a hub that refuses the query is asked no more, and the twins are read', async () => {
    const watch = new ReportWatch(client, stop.signal);
    queryStatus = 400;
    const waiting = waitFor(watch, 'a');
    await expect.poll(() => reads.length, { timeout: 3000 }).toBeGreaterThan(1);
    expect(queries).toHaveLength(1);
    twins['a'] = NEW;
    expect(await waiting).toBe(NEW);
  });

  test('ids that are too many for one query go into several', async () => {
    const watch = new ReportWatch(client, stop.signal);
    const ids = Array.from({ length: 700 }, (_, index) => `device-${index}`);
    const all = ids.map((deviceId) => waitFor(watch, deviceId, 700));
    await Promise.all(all);
    expect(queries.length).toBeGreaterThan(1);
    for (const query of queries) expect(query.length).toBeLessThan(8192);
    expect(
      queries
        .slice(0, 2)
        .join()
        .match(/'device-/g),
    ).toHaveLength(700);
  });
});
