import { Agent, request } from 'node:https';
import azureIotDevice, { type Client } from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBlobServer, type BlobServer } from '../../../support/blob-server.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../../../support/hub.ts';
import { rest, type RestAnswer } from '../../../support/rest.ts';

let storage: BlobServer;
let hub: TestHub;
beforeAll(async () => {
  storage = await startBlobServer();
  hub = await startHub({
    fileUpload: {
      storageConnectionString: storage.connectionString,
      container: 'files',
      storageAuthorities: [storage.ca],
    },
  });
});
afterAll(async () => {
  await hub.close();
  await storage[Symbol.asyncDispose]();
});

interface Started {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  readonly sasToken: string;
}

/** The SDK's own client; file upload goes over HTTPS whatever its transport is. */
async function clientOf(device: TestDevice): Promise<Client> {
  const client = azureIotDevice.Client.fromConnectionString(device.connectionString, azureIotDeviceMqtt.Mqtt);
  const agent = new Agent({ port: hub.server.ports.https, ca: hub.ca });
  await client.setOptions({ ca: hub.ca, http: { agent } });
  return client;
}

function asDevice(on: TestHub, device: TestDevice, path: string, body: unknown): Promise<RestAnswer> {
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const resource = `localhost/devices/${device.deviceId}`;
  const authorization = sasToken({ resource, key: device.key, expirySeconds });
  return rest(on, 'POST', `/devices/${device.deviceId}/files${path}`, { authorization, body });
}

function put(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'content-length': body.length };
    const sent = request(url, { method: 'PUT', ca: storage.ca, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function nextNotification(): unknown {
  const message = hub.server.hub.fileNotifications.receive();
  if (message === undefined) return undefined;
  void hub.server.hub.fileNotifications.complete(message.lockToken);
  return JSON.parse(message.body);
}

const codeOf = (answer: RestAnswer): unknown => [answer.status, answer.headers['iothub-errorcode']];

describe('a file upload', () => {
  test('by the SDK: access, upload, notification to services', async () => {
    const client = await clientOf(await hub.createDevice('files-sdk'));
    const started = (await client.getBlobSharedAccessSignature('logs/to day.txt')) as unknown as Started;
    expect(started).toMatchObject({ containerName: 'files', blobName: 'files-sdk/logs/to day.txt' });
    expect(storage.containers.has('files')).toBe(true);
    const path = started.blobName.split('/').map(encodeURIComponent).join('/');
    const url = `https://${started.hostName}/${started.containerName}/${path}${started.sasToken}`;
    expect(await put(url, 'hello')).toBe(201);
    await client.notifyBlobUploadStatus(started.correlationId, true, 200, 'fine');
    expect(nextNotification()).toEqual({
      deviceId: 'files-sdk',
      blobUri: `https://${started.hostName}/files/${path}`,
      blobName: 'files-sdk/logs/to day.txt',
      lastUpdatedTime: '2026-01-01T00:00:00Z',
      blobSizeInBytes: 5,
      enqueuedTimeUtc: expect.stringMatching(/Z$/) as string,
    });
    await client.close();
  });

  test("with the other SDKs' form of the notification; a failed one is told to nobody", async () => {
    const device = await hub.createDevice('files-python');
    for (const isSuccess of [true, false]) {
      const { correlationId } = (await asDevice(hub, device, '', { blobName: 'a' })).body as Started;
      const body = { correlationId, isSuccess, statusCode: 200, statusDescription: '' };
      expect((await asDevice(hub, device, '/notifications', body)).status).toBe(204);
      expect(nextNotification()).toEqual(isSuccess ? expect.objectContaining({ deviceId: 'files-python' }) : undefined);
    }
  });

  test('the eleventh at a time is refused, until one is ended or an hour is over', async () => {
    const device = await hub.createDevice('files-many');
    const start = (): Promise<RestAnswer> => asDevice(hub, device, '', { blobName: 'a' });
    const started = await Promise.all(Array.from({ length: 10 }, start));
    const first = started[0]?.body as Started;
    expect(codeOf(await start())).toEqual([403, 'DeviceMaximumActiveFileUploadLimitExceeded']);
    await asDevice(hub, device, `/notifications/${first.correlationId}`, { isSuccess: false });
    expect((await start()).status).toBe(200);
    expect((await start()).status).toBe(403);
    await hub.server.hub.advanceTime(3_600_000);
    expect((await start()).status).toBe(200);
    const late = await asDevice(hub, device, `/notifications/${(started[1]?.body as Started).correlationId}`, {
      isSuccess: true,
    });
    expect(codeOf(late)).toEqual([400, 'ExpiredFileUploadCorrelationId']);
  });

  test('what is not in order is refused', async () => {
    const device = await hub.createDevice('files-bad');
    for (const body of [{}, { blobName: '' }, { blobName: 1 }, 'null', { blobName: 'x'.repeat(1100) }]) {
      expect(codeOf(await asDevice(hub, device, '', body))).toEqual([400, 'ArgumentInvalid']);
    }
    expect(codeOf(await asDevice(hub, device, '', '{'))).toEqual([400, 'IotHubFormatError']);
    const unknown = await asDevice(hub, device, '/notifications/nonsense', { isSuccess: true });
    expect(codeOf(unknown)).toEqual([400, 'InvalidFileUploadCorrelationId']);
    const other = await hub.createDevice('files-other');
    const { correlationId } = (await asDevice(hub, other, '', { blobName: 'a' })).body as Started;
    const foreign = await asDevice(hub, device, `/notifications/${correlationId}`, { isSuccess: true });
    expect(codeOf(foreign)).toEqual([400, 'InvalidFileUploadCorrelationId']);
    const nothing = await asDevice(hub, other, `/notifications/${correlationId}`, { isSuccess: 'yes' });
    expect(codeOf(nothing)).toEqual([400, 'ArgumentInvalid']);
  });

  test('a hub without storage says so', async () => {
    await using bare = await startHub();
    const device = await bare.createDevice('files-none');
    expect(codeOf(await asDevice(bare, device, '', { blobName: 'a' }))).toEqual([
      400,
      'DefaultStorageEndpointNotConfigured',
    ]);
  });
});
