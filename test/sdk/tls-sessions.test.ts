import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer, type Server, TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';
import { openSocket } from '../../src/sdk/device-socket.ts';
import { TlsSessions } from '../../src/sdk/tls-sessions.ts';

let certificates: Awaited<ReturnType<typeof makeCertificates>>;
let server: Server | undefined;

beforeAll(async () => {
  certificates = await makeCertificates([...LOOPBACK_NAMES], Date.now());
});

afterEach(() => {
  server?.close();
});

async function listen(port = 0): Promise<number> {
  server = createServer({ key: certificates.key, cert: certificates.certificate }, (socket) => {
    socket.on('error', () => undefined);
    socket.write('x');
  });
  server.on('tlsClientError', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** @returns whether the connection took up an earlier session */
async function connects(
  port: number,
  sessions: TlsSessions | undefined,
  ca = certificates.caCertificate,
): Promise<boolean> {
  const socket = openSocket(
    {
      protocol: 'mqtt',
      host: '127.0.0.1',
      port,
      secureContext: createSecureContext({ ca }),
      sessions,
      agent: undefined,
      modelId: undefined,
      connectTimeoutMs: 5000,
      userAgent: '',
    },
    'mqtt',
    () => undefined,
  );
  try {
    // The session may come with the byte or right after it; a connection that takes one up may get no other.
    await Promise.all([once(socket, 'data'), sessions?.for(`127.0.0.1:${port}`) ?? once(socket, 'session')]);
    return socket instanceof TLSSocket && socket.isSessionReused();
  } finally {
    socket.destroy();
  }
}

test('the connections of a fleet share a session, and the first has none to take up', async () => {
  const port = await listen();
  const sessions = new TlsSessions();
  expect([await connects(port, sessions), await connects(port, sessions), await connects(port, sessions)]).toEqual([
    false,
    true,
    true,
  ]);
});

test('a server that was started again is trusted by its certificate alone', async () => {
  const port = await listen();
  const sessions = new TlsSessions();
  await connects(port, sessions);
  server?.close();
  await listen(port);
  expect(await connects(port, sessions)).toBe(false);
});

test('without sessions each connection makes its own', async () => {
  const port = await listen();
  expect([await connects(port, undefined), await connects(port, undefined)]).toEqual([false, false]);
});
