import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BlobPeer } from '../../../support/blob-peer.ts';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
let storage: BlobPeer;
beforeAll(async () => {
  hub = await startHub();
  storage = await BlobPeer.start();
});
afterAll(async () => {
  await hub.close();
  await storage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await hub.server.hub.reset();
  storage.blobs.clear();
  storage.refuseWith = undefined;
});

async function ended(jobId: string): Promise<Record<string, unknown>> {
  const job = async (): Promise<Record<string, unknown>> => (await rest(hub, 'GET', `/jobs/${jobId}`)).body;
  await expect.poll(async () => (await job())['status'], { interval: 10 }).toMatch(/completed|failed|cancelled/);
  return job();
}

// service-protocol.md, 4.7
describe('an export', () => {
  test('writes a line a device and a module, keys and twins with them', async () => {
    const { key } = await hub.createDevice('d');
    await hub.registry().updateTwin('d', { tags: { a: 1 }, properties: { desired: { b: 2 } } }, '*');
    await hub.registry().addModule({ deviceId: 'd', moduleId: 'm' });
    const created: object = await hub.registry().exportDevicesToBlob(storage.container('out'), false);
    const job: object = Reflect.get(created, 'responseBody') ?? created;
    expect(job).toMatchObject({ type: 'export', status: 'enqueued', progress: 0, excludeKeysInExport: false });
    expect(await ended(String(Reflect.get(job, 'jobId')))).toMatchObject({
      status: 'completed',
      progress: 100,
    });
    expect(storage.lines('/out/devices.txt')).toMatchObject([
      {
        id: 'd',
        status: 'enabled',
        authentication: { type: 'sas', symmetricKey: { primaryKey: key } },
        twinETag: 'AAAAAAAAAAI=',
        tags: { a: 1 },
        properties: { desired: { b: 2, $version: 2 } },
      },
      { id: 'd', moduleId: 'm' },
    ]);
    expect(storage.requests.at(-1)).toMatchObject({
      method: 'PUT',
      blobType: 'BlockBlob',
      url: '/out/devices.txt?sv=2019&sig=abc%3D',
    });
  });

  test('leaves the keys out when asked to', async () => {
    await hub.createDevice('d');
    const { body } = await rest(hub, 'POST', '/jobs/create', {
      body: {
        type: 'export',
        outputBlobContainerUri: storage.container('out'),
        excludeKeysInExport: true,
        outputBlobName: 'other.txt',
      },
    });
    await ended(body.jobId);
    expect(storage.lines('/out/other.txt')).toMatchObject([{ id: 'd', authentication: { symmetricKey: null } }]);
  });

  test('fails with what the storage said, and without its signature', async () => {
    storage.refuseWith = 403;
    const { body } = await rest(hub, 'POST', '/jobs/create', {
      body: { type: 'export', outputBlobContainerUri: storage.container('out') },
    });
    const { status, failureReason } = await ended(body.jobId);
    expect(status).toBe('failed');
    expect(failureReason).toMatch(/answered PUT http.*\/out\/devices\.txt with 403/);
    expect(failureReason).not.toContain('sig=');
  });
});

describe('an import', () => {
  const importing = (more: object = {}) =>
    rest(hub, 'POST', '/jobs/create', {
      body: {
        type: 'import',
        inputBlobContainerUri: storage.container('in'),
        outputBlobContainerUri: storage.container('log'),
        ...more,
      },
    });

  test('takes back what an export wrote', async () => {
    const { key } = await hub.createDevice('d');
    await hub.registry().updateTwin('d', { tags: { a: 1 }, properties: { desired: { b: 2 } } }, '*');
    await hub.registry().addModule({ deviceId: 'd', moduleId: 'm' });
    const { body: configuration } = await rest(hub, 'PUT', '/configurations/c', {
      body: { id: 'c', content: { deviceContent: { 'properties.desired.c': 3 } } },
    });
    expect(configuration.id).toBe('c');
    const exported = await rest(hub, 'POST', '/jobs/create', {
      body: { type: 'export', outputBlobContainerUri: storage.container('in'), includeConfigurations: true },
    });
    await ended(exported.body.jobId);
    await hub.server.hub.reset();
    const { body } = await importing({ includeConfigurations: true });
    expect(await ended(body.jobId)).toMatchObject({ status: 'completed' });
    expect(storage.blobs.has('/log/importErrors.log')).toBe(false);
    expect((await hub.registry().get('d')).responseBody.authentication?.symmetricKey?.primaryKey).toBe(key);
    expect((await hub.registry().getTwin('d')).responseBody).toMatchObject({ tags: { a: 1 } });
    expect((await hub.registry().getModule('d', 'm')).responseBody.moduleId).toBe('m');
    expect((await hub.registry().getConfiguration('c')).responseBody.content).toEqual({
      deviceContent: { 'properties.desired.c': 3 },
    });
  });

  test('does what each line says, and logs the lines that it could not take', async () => {
    await hub.createDevice('old');
    await hub.createDevice('gone');
    const lines = [
      { id: 'new', importMode: 'create', tags: { t: 1 } },
      { id: 'old', importMode: 'createOrUpdate', status: 'disabled' },
      { id: 'gone', importMode: 'delete' },
      { id: 'bad id' },
      { id: 'old', importMode: 'create' },
    ].map((line) => JSON.stringify(line));
    storage.blobs.set('/in/devices.txt', `\uFEFF${[...lines, 'no json'].join('\n')}\n`);
    const created = await hub.registry().importDevicesFromBlob(storage.container('in'), storage.container('log'));
    const job: object = Reflect.get(created, 'responseBody') ?? created;
    expect(await ended(String(Reflect.get(job, 'jobId')))).toMatchObject({ status: 'completed' });
    expect((await hub.registry().get('old')).responseBody.status).toBe('disabled');
    expect((await refusal(hub.registry().get('gone'))).code).toBe('DeviceNotFound');
    expect((await hub.registry().getTwin('new')).responseBody.tags).toEqual({ t: 1 });
    expect(storage.lines('/log/importErrors.log')).toMatchObject([
      { deviceId: 'bad id', errorCode: 'ArgumentInvalid' },
      { deviceId: 'old', errorCode: 'DeviceAlreadyExists' },
      { errorCode: 'DeserializationError' },
    ]);
  });

  test('of a blob that is not there fails', async () => {
    const { body } = await importing();
    expect(await ended(body.jobId)).toMatchObject({ status: 'failed', failureReason: expect.stringContaining('404') });
  });
});

describe('one at a time', () => {
  test('a second one is refused while the first is active; it can be cancelled', async () => {
    let goOn = (): void => undefined;
    storage.hold = new Promise((resolve) => (goOn = resolve));
    const request = { body: { type: 'export', outputBlobContainerUri: storage.container('out') } };
    const { body } = await rest(hub, 'POST', '/jobs/create', request);
    const second = await rest(hub, 'POST', '/jobs/create', request);
    expect([second.status, second.headers['iothub-errorcode']]).toEqual([403, 'JobQuotaExceeded']);
    const cancelled = await rest(hub, 'DELETE', `/jobs/${body.jobId}`);
    expect(cancelled.body).toMatchObject({ jobId: body.jobId, status: 'cancelled' });
    goOn();
    expect((await ended(body.jobId))['status']).toBe('cancelled');
    expect((await rest(hub, 'DELETE', `/jobs/${body.jobId}`)).status).toBe(400);
    expect((await rest(hub, 'GET', '/jobs')).body).toMatchObject([{ jobId: body.jobId }]);
    // service-protocol.md, 8: "A v2 GET on an import/export id answers status unknown"
    expect((await rest(hub, 'GET', `/jobs/v2/${body.jobId}`)).body.status).toBe('unknown');
  });

  test.each([
    ['no type', {}, 'ArgumentInvalid'],
    ['no container', { type: 'export' }, 'ArgumentNull'],
    ['a container that is none', { type: 'export', outputBlobContainerUri: 'here' }, 'ArgumentInvalid'],
    ['no input', { type: 'import', outputBlobContainerUri: 'http://a/b' }, 'ArgumentNull'],
  ])('with %s it is refused', async (_what, body, code) => {
    expect((await rest(hub, 'POST', '/jobs/create', { body })).headers['iothub-errorcode']).toBe(code);
  });

  test('an unknown one is JobNotFound', async () => {
    expect((await refusal(hub.registry().getJob('nobody'))).code).toBe('JobNotFound');
    expect((await refusal(hub.registry().cancelJob('nobody'))).code).toBe('JobNotFound');
  });
});
