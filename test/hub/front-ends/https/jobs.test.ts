import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { JobClient } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SqliteJournal } from '../../../../src/hub/index.ts';
import { openDevice } from '../../../support/device.ts';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await hub.registry().addDevices([1, 2, 3].map((n) => ({ deviceId: `j${n}`, tags: { plant: 'a' } })));
});
afterAll(() => hub.close());

let count = 0;
const newId = (): string => `job-${(count += 1)}`;
const PATCH = { etag: '*', properties: { desired: { interval: 5 } } };

/** Waits until a job is over. */
async function ended(jobId: string, from: TestHub = hub): Promise<Record<string, never>> {
  await expect
    .poll(async () => (await rest(from, 'GET', `/jobs/v2/${jobId}`)).body.status, { timeout: 20_000, interval: 20 })
    .toMatch(/completed|failed|cancelled/);
  return (await rest(from, 'GET', `/jobs/v2/${jobId}`)).body;
}

const results = async (jobId: string, from: TestHub = hub) =>
  (
    await rest(from, 'POST', '/devices/query', {
      body: { query: `SELECT * FROM devices.jobs WHERE jobId = '${jobId}'` },
    })
  ).body;

// service-protocol.md, 8
describe('a twin update job', () => {
  test('answers short and queued, runs on every device that matches, and counts them', async () => {
    const id = newId();
    const { response, jobStatus } = await hub.jobClient().scheduleTwinUpdate(id, "tags.plant = 'a'", PATCH);
    expect(jobStatus).toEqual({ jobId: id, type: 'scheduleUpdateTwin', status: 'queued' });
    expect(response.statusCode).toBe(200);
    const job = await ended(id);
    expect(job).toMatchObject({
      jobId: id,
      type: 'scheduleUpdateTwin',
      status: 'completed',
      queryCondition: "tags.plant = 'a'",
      maxExecutionTimeInSeconds: 3600,
      updateTwin: { deviceId: null, ...PATCH },
      deviceJobStatistics: { deviceCount: 3, failedCount: 0, succeededCount: 3, runningCount: 0, pendingCount: 0 },
    });
    const { responseBody: twin } = await hub.registry().getTwin('j2');
    expect(twin.properties.desired).toMatchObject({ interval: 5 });
    const rows = await results(id);
    expect(rows.map((row: { deviceId: string }) => row.deviceId)).toEqual(['j1', 'j2', 'j3']);
    expect(rows[0]).toMatchObject({
      jobId: id,
      jobType: 'scheduleUpdateTwin',
      status: 'completed',
      outcome: { deviceMethodResponse: null },
    });
    for (const name of ['startTimeUtc', 'endTimeUtc', 'createdDateTimeUtc', 'lastUpdatedDateTimeUtc']) {
      expect(Date.parse(rows[0][name])).not.toBeNaN();
    }
  });

  test('counts a device that refuses, and completes', async () => {
    await hub.registry().create({ deviceId: 'full' });
    await hub.registry().updateTwin('full', { tags: { plant: 'b', x: 'x'.repeat(4000), y: 'x'.repeat(4000) } }, '*');
    const id = newId();
    await hub.jobClient().scheduleTwinUpdate(id, "tags.plant = 'b'", { etag: '*', tags: { z: 'z'.repeat(4000) } });
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      deviceJobStatistics: { deviceCount: 1, failedCount: 1 },
    });
    expect(await results(id)).toMatchObject([{ status: 'failed', error: { code: 'ArgumentInvalid' } }]);
  });

  test('tells a connected device', async () => {
    const client = await openDevice(hub, await hub.createDevice('told'));
    const twin = await client.getTwin();
    const told = new Promise((resolve) => twin.on('properties.desired.color', resolve));
    await expect
      .poll(() => hub.server.hub.sessions.find('told')?.subscriptions)
      .toHaveProperty('$iothub/twin/PATCH/properties/desired/#');
    await hub
      .jobClient()
      .scheduleTwinUpdate(newId(), "deviceId IN ['told']", { etag: '*', properties: { desired: { color: 'red' } } });
    expect(await told).toBe('red');
    await client.close();
  });

  test('of nobody completes with nothing', async () => {
    const id = newId();
    await hub.jobClient().scheduleTwinUpdate(id, "deviceId = 'nobody'", PATCH);
    expect(await ended(id)).toMatchObject({ status: 'completed', deviceJobStatistics: { deviceCount: 0 } });
  });

  test('runs on modules when the condition says so', async () => {
    await hub.registry().addModule({ deviceId: 'j1', moduleId: 'm' });
    const id = newId();
    await hub.jobClient().scheduleTwinUpdate(id, "FROM devices.modules WHERE moduleId = 'm'", PATCH);
    await ended(id);
    expect(await results(id)).toMatchObject([{ deviceId: 'j1', moduleId: 'm', status: 'completed' }]);
  });
});

describe('a method job', () => {
  test('keeps each device’s answer; one that is away has failed', async () => {
    const client = await openDevice(hub, await hub.createDevice('caller-1'));
    await hub.createDevice('caller-2');
    client.onDeviceMethod('reboot', (request, response) => void response.send(202, { got: request.payload }));
    await expect.poll(() => hub.server.hub.connections.find({ deviceId: 'caller-1' })?.takesMethods).toBe(true);
    const id = newId();
    const method = { methodName: 'reboot', payload: { delay: 1 }, responseTimeoutInSeconds: 10 };
    await hub.jobClient().scheduleDeviceMethod(id, "STARTSWITH(deviceId, 'caller')", method);
    expect(await ended(id)).toMatchObject({
      type: 'scheduleDeviceMethod',
      cloudToDeviceMethod: method,
      status: 'completed',
      deviceJobStatistics: { deviceCount: 2, failedCount: 1, succeededCount: 1 },
    });
    expect(await results(id)).toMatchObject([
      {
        deviceId: 'caller-1',
        status: 'completed',
        outcome: { deviceMethodResponse: { status: 202, payload: { got: { delay: 1 } } } },
      },
      { deviceId: 'caller-2', status: 'failed', error: { code: 'DeviceNotOnline' } },
    ]);
    await client.close();
  });

  test('whose time is over fails, and so do the devices that were not done', async () => {
    const client = await openDevice(hub, await hub.createDevice('sleeper'));
    client.onDeviceMethod('sleep', () => undefined);
    await expect.poll(() => hub.server.hub.connections.find({ deviceId: 'sleeper' })?.takesMethods).toBe(true);
    const id = newId();
    await hub
      .jobClient()
      .scheduleDeviceMethod(
        id,
        "deviceId = 'sleeper'",
        { methodName: 'sleep', payload: null, responseTimeoutInSeconds: 300 },
        new Date(),
        60,
      );
    await expect.poll(async () => (await results(id))[0]?.status).toBe('running');
    await hub.server.hub.advanceTime(61_000);
    expect(await ended(id)).toMatchObject({
      status: 'failed',
      deviceJobStatistics: { failedCount: 1, runningCount: 0 },
    });
    expect(await results(id)).toMatchObject([{ status: 'failed', error: { code: 'GenericTimeout' } }]);
    await client.close();
  });
});

describe('a job for later', () => {
  test('is scheduled until its time has come', async () => {
    const id = newId();
    const start = new Date(hub.server.hub.now() + 3_600_000);
    await hub.jobClient().scheduleTwinUpdate(id, "deviceId = 'j1'", { etag: '*', tags: { later: true } }, start, 100);
    await expect.poll(async () => (await rest(hub, 'GET', `/jobs/v2/${id}`)).body.status).toBe('scheduled');
    await hub.server.hub.advanceTime(3_600_000);
    expect(await ended(id)).toMatchObject({ status: 'completed', maxExecutionTimeInSeconds: 100 });
    expect((await hub.registry().getTwin('j1')).responseBody.tags).toMatchObject({ later: true });
  });

  test('can be cancelled, and does nothing then', async () => {
    const id = newId();
    const start = new Date(hub.server.hub.now() + 3_600_000);
    await hub.jobClient().scheduleTwinUpdate(id, '*', { etag: '*', tags: { never: true } }, start);
    const { jobStatus } = await hub.jobClient().cancelJob(id);
    expect(jobStatus).toMatchObject({ jobId: id, status: 'cancelled' });
    await hub.server.hub.advanceTime(3_600_000);
    expect((await hub.jobClient().getJob(id)).jobStatus.status).toBe('cancelled');
    expect((await hub.registry().getTwin('j1')).responseBody.tags).not.toHaveProperty('never');
    expect((await refusal(hub.jobClient().cancelJob(id))).name).toBe('ArgumentError');
  });
});

describe('a job is refused', () => {
  test.each([
    ['without an etag of *', { type: 'scheduleUpdateTwin', updateTwin: { tags: {} } }, 'ArgumentInvalid'],
    [
      'with a patch that is none',
      { type: 'scheduleUpdateTwin', updateTwin: { etag: '*', tags: 5 } },
      'ArgumentInvalid',
    ],
    ['without a patch', { type: 'scheduleUpdateTwin' }, 'ArgumentNull'],
    ['without a method', { type: 'scheduleDeviceMethod' }, 'ArgumentNull'],
    ['without a method name', { type: 'scheduleDeviceMethod', cloudToDeviceMethod: {} }, 'ArgumentNull'],
    ['of a type that is none', { type: 'exportDevices' }, 'ArgumentInvalid'],
    [
      'with a condition that is none',
      { type: 'scheduleUpdateTwin', updateTwin: PATCH, queryCondition: 'tags =' },
      'ArgumentInvalid',
    ],
    [
      'with a condition that goes on as a query',
      { type: 'scheduleUpdateTwin', updateTwin: PATCH, queryCondition: 'true GROUP BY a' },
      'ArgumentInvalid',
    ],
    [
      'with a start time that is none',
      { type: 'scheduleUpdateTwin', updateTwin: PATCH, startTime: 'soon' },
      'ArgumentInvalid',
    ],
    [
      'with an execution time of 0',
      { type: 'scheduleUpdateTwin', updateTwin: PATCH, maxExecutionTimeInSeconds: 0 },
      'ArgumentInvalid',
    ],
    [
      'with another id in its body',
      { jobId: 'other', type: 'scheduleUpdateTwin', updateTwin: PATCH },
      'ArgumentInvalid',
    ],
  ])('%s', async (_what, body, code) => {
    const { status, headers } = await rest(hub, 'PUT', `/jobs/v2/${newId()}`, { body });
    expect([status, headers['iothub-errorcode']]).toEqual([400, code]);
  });

  test('when there is one of its id', async () => {
    const id = newId();
    await hub.jobClient().scheduleTwinUpdate(id, "deviceId = 'j1'", PATCH);
    expect((await refusal(hub.jobClient().scheduleTwinUpdate(id, "deviceId = 'j1'", PATCH))).code).toBe(
      'JobAlreadyExists',
    );
  });

  test('when it is unknown', async () => {
    expect((await refusal(hub.jobClient().getJob('nobody'))).code).toBe('JobNotFound');
    expect((await refusal(hub.jobClient().cancelJob('nobody'))).code).toBe('JobNotFound');
  });
});

describe('the history', () => {
  test('is listed page by page, by type and by status', async () => {
    const own = await startHub();
    await own.registry().create({ deviceId: 'd' });
    for (const id of ['a', 'b', 'c']) await own.jobClient().scheduleTwinUpdate(id, '*', PATCH);
    const method = { methodName: 'm', payload: null };
    await own.jobClient().scheduleDeviceMethod('d', '*', method, new Date(Date.now() + 3_600_000));
    for (const id of ['a', 'b', 'c']) await ended(id, own);
    const ids = async (query: ReturnType<JobClient['createQuery']>): Promise<string[]> => {
      const found: string[] = [];
      do {
        const { result } = await query.next(Reflect.get(query, 'continuationToken'));
        found.push(...result.map((job: { jobId: string }) => job.jobId));
      } while (query.hasMoreResults);
      return found;
    };
    expect(await ids(own.jobClient().createQuery(undefined, undefined, 2))).toEqual(['a', 'b', 'c', 'd']);
    expect(await ids(own.jobClient().createQuery('scheduleDeviceMethod'))).toEqual(['d']);
    expect(await ids(own.jobClient().createQuery('scheduleUpdateTwin', 'finished', 1))).toEqual(['a', 'b', 'c']);
    expect(await ids(own.jobClient().createQuery(undefined, 'running'))).toEqual([]);
    await own.close();
  });

  test('is forgotten after thirty days, rows and all', async () => {
    const own = await startHub();
    await own.registry().create({ deviceId: 'd' });
    await own.jobClient().scheduleTwinUpdate('old', '*', PATCH);
    await ended('old', own);
    await own.server.hub.advanceTime(31 * 86_400_000);
    expect((await refusal(own.jobClient().getJob('old'))).code).toBe('JobNotFound');
    expect(await results('old', own)).toEqual([]);
    await own.close();
  });
});

describe('results FROM devices.jobs', () => {
  test('are found by device and by time, page by page', async () => {
    const id = newId();
    await hub.jobClient().scheduleTwinUpdate(id, "tags.plant = 'a'", PATCH);
    await ended(id);
    const query = hub
      .registry()
      .createQuery(`SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${id}' AND createdTimeUtc > '2020'`, 2);
    const first = await query.next();
    expect(first.result).toHaveLength(2);
    const second = await query.next(Reflect.get(query, 'continuationToken'));
    expect(second.result.map((row: { deviceId: string }) => row.deviceId)).toEqual(['j3']);
    const one = hub.registry().createQuery(`SELECT * FROM devices.jobs WHERE deviceId = 'j1' AND jobId = '${id}'`);
    expect((await one.next()).result).toHaveLength(1);
  });

  test('are nothing but SELECT *', async () => {
    const query = hub.registry().createQuery('SELECT deviceId FROM devices.jobs');
    expect((await refusal(query.next())).code).toBe('ArgumentInvalid');
  });
});

test('a hub that starts again goes on with its jobs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-jobs-'));
  const journal = () => new SqliteJournal(join(folder, 'state.db'));
  const first = await startHub({ journal: journal() });
  const client = await openDevice(first, await first.createDevice('d'));
  client.onDeviceMethod('sleep', () => undefined);
  await expect.poll(() => first.server.hub.connections.find({ deviceId: 'd' })?.takesMethods).toBe(true);
  const sleep = { methodName: 'sleep', payload: null, responseTimeoutInSeconds: 300 };
  await first.jobClient().scheduleDeviceMethod('running', '*', sleep);
  await first
    .jobClient()
    .scheduleTwinUpdate('later', '*', { etag: '*', tags: { a: 1 } }, new Date(Date.now() + 60_000));
  await expect.poll(async () => (await results('running', first))[0]?.status).toBe('running');
  await client.close();
  await first.close();
  const second = await startHub({ journal: journal() });
  expect(await ended('running', second)).toMatchObject({
    status: 'completed',
    deviceJobStatistics: { failedCount: 1 },
  });
  await second.server.hub.advanceTime(60_000);
  expect(await ended('later', second)).toMatchObject({
    status: 'completed',
    deviceJobStatistics: { succeededCount: 1 },
  });
  await second.close();
  rmSync(folder, { recursive: true });
});

test('a thousand devices are done, each once', async () => {
  const own = await startHub();
  const ids = Array.from({ length: 1000 }, (_, i) => `n${i}`);
  for (let i = 0; i < 10; i += 1) {
    await own.registry().addDevices(ids.slice(i * 100, i * 100 + 100).map((deviceId) => ({ deviceId })));
  }
  await own.jobClient().scheduleTwinUpdate('many', '*', PATCH);
  expect(await ended('many', own)).toMatchObject({ deviceJobStatistics: { deviceCount: 1000, succeededCount: 1000 } });
  expect((await own.registry().getTwin('n999')).responseBody.properties.desired['$version']).toBe(2);
  await own.close();
});
