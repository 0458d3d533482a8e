import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';
import { openServiceClient, type ServiceClient } from '../../src/sdk/service-client.ts';
import { ProgramError } from '../../src/terminal/index.ts';

const TWIN = '{"deviceId":"pump-1","etag":"AAAAAAAAAAE=","properties":{"desired":{},"reported":{}}}';

let hub: Server;
let ca = '';
let port = 0;
let requests: string[] = [];
/** What becomes of the next requests: cut as they come, or in the middle of their answers; then all are answered. */
let cuts: ('asked' | 'answering')[] = [];

beforeAll(async () => {
  const made = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  ca = made.caCertificate;
  hub = createServer({ key: made.key, cert: made.certificate }, (request, response) => {
    requests.push(request.method ?? '');
    const cut = cuts.shift();
    if (cut === 'asked') {
      request.socket.destroy();
      return;
    }
    // Each request has a connection of its own, whose fate is known.
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': TWIN.length, connection: 'close' });
    if (cut === undefined) response.end(TWIN);
    else response.write(TWIN.slice(0, 20), () => request.socket.destroy());
  });
  await listen();
});
afterAll(close);

async function listen(): Promise<void> {
  hub.listen(port, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
  port = (hub.address() as AddressInfo).port;
}

async function close(): Promise<void> {
  const closed = new Promise((resolve) => hub.close(resolve));
  hub.closeAllConnections();
  await closed;
}

async function withClient(work: (client: ServiceClient, away: readonly string[]) => Promise<void>): Promise<void> {
  requests = [];
  const away: string[] = [];
  const client = await openServiceClient(
    {
      connection: { hostName: 'localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: 'c2VjcmV0' },
      address: { hostName: 'localhost', local: true, httpsPort: port, mqttPort: 0, amqpPort: 0, ca },
      source: 'IOTHUB_CONNECTION_STRING',
    },
    { env: {}, signal: new AbortController().signal, onAway: (reason) => away.push(reason) },
  );
  try {
    await work(client, away);
  } finally {
    client.close();
  }
}

const failureOf = (call: Promise<unknown>): Promise<ProgramError | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof ProgramError ? error : expect.unreachable(String(error))),
  );

describe('a call that the network failed', () => {
  test.each(['asked', 'answering'] as const)('is sent again when it only reads: cut when %s', async (moment) => {
    await withClient(async (client) => {
      cuts = [moment];
      expect((await client.getTwin('pump-1')).deviceId).toBe('pump-1');
      expect(requests).toEqual(['GET', 'GET']);
    });
  });

  test('is not sent again when it may have changed something, and says so', async () => {
    await withClient(async (client) => {
      cuts = ['asked'];
      const failure = await failureOf(client.patchTwin('pump-1', { tags: { a: 1 } }, '*'));
      expect(failure).toMatchObject({ exitCode: 9, code: 'ECONNRESET' });
      expect(failure?.message).toContain('asked to update the twin of "pump-1", and may have done it');
      expect(requests).toEqual(['PATCH']);
    });
  });

  test('fails soon when the hub never answered', async () => {
    await withClient(async (client, away) => {
      cuts = ['asked', 'asked', 'asked'];
      expect(await failureOf(client.getTwin('pump-1'))).toMatchObject({ exitCode: 9, code: 'ECONNRESET' });
      await close();
      expect(await failureOf(client.getTwin('pump-1'))).toMatchObject({ exitCode: 9, code: 'ECONNREFUSED' });
      expect(away).toEqual([]);
      await listen();
    });
  });

  test('waits for a hub that answered before, also when it changes something: nothing was sent', async () => {
    await withClient(async (client, away) => {
      await client.getTwin('pump-1');
      await close();
      const writing = client.patchTwin('pump-1', { tags: { a: 1 } }, '*');
      await expect.poll(() => away).toEqual([expect.stringContaining('nothing listens there')]);
      await listen();
      expect((await writing).deviceId).toBe('pump-1');
      expect(requests).toEqual(['GET', 'PATCH']);
    });
  });
});
