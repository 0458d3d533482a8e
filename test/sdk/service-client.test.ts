import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServiceHub } from '../../src/config/index.ts';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';
import { openServiceClient, type ServiceClient } from '../../src/sdk/service-client.ts';
import { ProgramError } from '../../src/terminal/index.ts';

/** What the scripted hub answers next: status, headers, body. */
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

let hub: Server;
let ca = '';
let answers: Answer[] = [];
let requests: string[] = [];

// A real hub does not throttle on demand, nor answer in all the dialects of the past: this one is told what to say.
beforeAll(async () => {
  const made = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  ca = made.caCertificate;
  hub = createServer({ key: made.key, cert: made.certificate }, (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['if-match'] ?? ''}`.trim());
    const { status, headers, body } = answers.shift() ?? { status: 500, body: '' };
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
});
afterAll(() => {
  hub.closeAllConnections();
  hub.close();
});

function address(changes: Partial<ServiceHub['address']> = {}): ServiceHub {
  const { port } = hub.address() as AddressInfo;
  return {
    connection: { hostName: 'localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: 'c2VjcmV0' },
    address: { hostName: 'localhost', local: true, httpsPort: port, mqttPort: 0, amqpPort: 0, ca, ...changes },
    source: 'IOTHUB_CONNECTION_STRING',
  };
}

async function withAnswers<T>(script: Answer[], work: (client: ServiceClient) => Promise<T>): Promise<T> {
  answers = script;
  requests = [];
  const client = await openServiceClient(address(), { env: {}, signal: new AbortController().signal });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

async function refusalOf(answer: Answer): Promise<ProgramError> {
  return withAnswers([answer], (client) =>
    client.getTwin('pump-1').then(
      () => Promise.reject(new Error('it was not refused')),
      (error: unknown) => {
        if (error instanceof ProgramError) return error;
        throw error;
      },
    ),
  );
}

const TWIN = { deviceId: 'pump-1', etag: 'AAAAAAAAAAE=', properties: { desired: {}, reported: {} } };

describe('refusals of a hub', () => {
  test.each([
    ['401 in dialect A', 401, 'ErrorCode:IotHubUnauthorizedAccess;Unauthorized', 4, 'IotHubUnauthorizedAccess'],
    ['404 in dialect A', 404, 'ErrorCode:DeviceNotFound;pump-1', 3, 'DeviceNotFound'],
    ['404 in dialect B', 404, '{"errorCode":404103,"trackingId":"t","message":"offline"}', 5, 'DeviceNotOnline'],
    ['504 in dialect B', 504, '{"errorCode":504101,"message":"late"}', 6, 'GatewayTimeout'],
    ['412', 412, 'ErrorCode:PreconditionFailed;PreconditionFailed', 1, 'PreconditionFailed'],
    ['400 for a value', 400, 'ErrorCode:ArgumentInvalid;BadRequest', 2, 'ArgumentInvalid'],
    ['400 for a limit', 400, 'ErrorCode:ArgumentInvalid;tags exceed the limit of 8192', 1, 'ArgumentInvalid'],
    ['a text with semicolons', 400, 'ErrorCode:ArgumentInvalid;a;b;c', 2, 'ArgumentInvalid'],
  ])('%s', async (_name, status, message, exitCode, code) => {
    const body = { Message: message, ExceptionMessage: 'Tracking ID:abc123-G:0-TimeStamp:01/01/2026 00:00:00' };
    const error = await refusalOf({ status, body });
    expect(error).toMatchObject({ exitCode, code });
    expect(error.message).toContain('pump-1');
    expect(error.message).not.toContain('c2VjcmV0');
  });

  test('the tracking id is kept for a support request', async () => {
    const body = {
      Message: 'ErrorCode:ServerError;oops',
      ExceptionMessage: 'Tracking ID:abc-G:0-TimeStamp:01/01/2026',
    };
    expect(await refusalOf({ status: 500, body })).toMatchObject({ trackingId: 'abc-G:0', exitCode: 1 });
  });

  test.each([
    ['no body', ''],
    ['HTML of a proxy', '<html>no</html>'],
    ['an unknown code', { Message: 'ErrorCode:SomethingNew;text' }],
  ])('%s still gives an exit code', async (_name, body) => {
    expect(await refusalOf({ status: 404, body })).toMatchObject({ exitCode: 3 });
  });
});

describe('throttling', () => {
  const throttled = {
    status: 429,
    headers: { 'retry-after': '0' },
    body: { Message: 'ErrorCode:ThrottlingException;slow down' },
  };

  test('is waited out as the hub asks', async () => {
    const twin = await withAnswers([throttled, throttled, { status: 200, body: TWIN }], (client) =>
      client.getTwin('pump-1'),
    );
    expect([twin.deviceId, requests.length]).toEqual(['pump-1', 3]);
  });

  test('to the end is 1, with what to do', async () => {
    const calls = withAnswers(
      Array.from({ length: 9 }, () => throttled),
      (client) => client.getTwin('pump-1'),
    );
    await expect(calls).rejects.toMatchObject({ exitCode: 1, code: 'ThrottlingException', hint: expect.any(String) });
    expect(requests.length).toBe(6);
  });

  test('nothing else is repeated', async () => {
    await expect(
      withAnswers(
        [
          { status: 503, body: '' },
          { status: 200, body: TWIN },
        ],
        (client) => client.getTwin('pump-1'),
      ),
    ).rejects.toMatchObject({ exitCode: 1 });
    expect(requests.length).toBe(1);
  });
});

describe('what is sent', () => {
  test('replaceTwin is a guarded PUT', async () => {
    await withAnswers([{ status: 200, body: TWIN }], (client) => client.replaceTwin('a/b', { tags: {} }, 'AAAA'));
    expect(requests).toEqual(['PUT /twins/a%2Fb?api-version=2021-04-12 "AAAA"']);
  });

  test('a query follows continuation tokens, and an empty one is the end', async () => {
    const page = (rows: unknown[], token: string): Answer => ({
      status: 200,
      headers: { 'x-ms-continuation': token },
      body: rows,
    });
    const rows = await withAnswers([page([1, 2], 'next'), page([3], '')], async (client) => {
      const found: unknown[] = [];
      for await (const row of client.query('SELECT * FROM devices')) found.push(row);
      return found;
    });
    expect([rows, requests.length]).toEqual([[1, 2, 3], 2]);
  });
});

describe('proxies', () => {
  test('HTTPS_PROXY is used for a hub elsewhere, and not for what NO_PROXY names, nor for loopback', async () => {
    const asked: string[] = [];
    const proxy = createHttpServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise((resolve) => proxy.once('listening', resolve));
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const elsewhere = address({ hostName: 'hub.invalid', local: false, httpsPort: 443 });
    const away = { ...elsewhere, connection: { ...elsewhere.connection, hostName: 'hub.invalid' } };
    const call = async (to: ServiceHub, env: NodeJS.ProcessEnv): Promise<unknown> => {
      const client = await openServiceClient(to, { env, signal: new AbortController().signal });
      return client.getTwin('pump-1').catch((error: unknown) => error);
    };
    expect(await call(away, { HTTPS_PROXY })).toMatchObject({ exitCode: 9 });
    expect(asked).toEqual(['hub.invalid:443']);
    await call(away, { HTTPS_PROXY, NO_PROXY: '.invalid' });
    answers = [{ status: 200, body: TWIN }];
    expect(await call(address(), { HTTPS_PROXY })).toMatchObject({ deviceId: 'pump-1' });
    expect(asked).toHaveLength(1);
    proxy.closeAllConnections();
    proxy.close();
  });
});
