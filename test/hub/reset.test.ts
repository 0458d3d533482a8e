import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT_SOURCES } from '../../src/hub/index.ts';
import type { EventReader } from '../../src/hub/model/event.ts';
import { sendText, takeFeedback } from '../support/cloud-to-device.ts';
import { eventsOf } from '../support/events.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../support/hub.ts';
import { rest } from '../support/rest.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-reset-'));
let hub: TestHub;
let before: { key: string; waiting: EventReader[]; next: number };

beforeAll(async () => {
  hub = await startHub({
    eventLog: { directory },
    routes: EVENT_SOURCES,
    fileUpload: { storageConnectionString: 'AccountName=a;AccountKey=YQ==;BlobEndpoint=https://localhost:9/a' },
  });
  const device = await hub.createDevice('pump');
  await rest(hub, 'PUT', '/devices/pump/modules/m', { body: { deviceId: 'pump', moduleId: 'm' } });
  await rest(hub, 'PATCH', '/twins/pump', { body: { tags: { plant: 'a' } } });
  await telemetry(device, 'before');
  const { cloudToDevice, fileUploads, eventLog } = hub.server.hub;
  await cloudToDevice.purge('pump');
  for (const text of ['a', 'b', 'c']) await sendText(hub, 'pump', text, { ack: 'full' });
  for (const end of ['batched', 'pending']) {
    const message = cloudToDevice.receive('pump');
    await cloudToDevice.complete('pump', message?.lockToken ?? '');
    if (end === 'batched') await hub.server.hub.advanceTime(15_000);
  }
  await fileUploads.initialise('pump', { blobName: 'f' });
  const { correlationId } = await fileUploads.initialise('pump', { blobName: 'g' });
  await fileUploads.notify('pump', correlationId as string, { isSuccess: true });
  await telemetry(device, 'last');
  const next = ((await eventsOf(hub, 'pump')).at(-1)?.sequenceNumber ?? 0) + 1;
  const waiting = eventLog.partitionIds.flatMap((id) => eventLog.openReader(id, { kind: 'latest' }) ?? []);
  before = { key: hub.policyKey('iothubowner'), waiting, next };
  expect([hub.server.hub.feedback.queue.size, hub.server.hub.fileNotifications.size]).toEqual([1, 1]);
  expect((await rest(hub, 'POST', '/$tandem/reset')).status).toBe(200);
});
afterAll(async () => {
  await hub.close();
  rmSync(directory, { recursive: true, force: true });
});

async function telemetry({ deviceId, key }: TestDevice, body: string): Promise<void> {
  const expirySeconds = Math.floor(hub.server.hub.now() / 1000) + 3600;
  const authorization = sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds });
  const sent = await rest(hub, 'POST', `/devices/${deviceId}/messages/events`, { body, authorization });
  expect(sent.status).toBe(204);
}

describe('a hub that was reset', () => {
  test('has no devices, modules, twins', async () => {
    expect((await rest(hub, 'GET', '/devices')).body).toEqual([]);
    for (const path of ['/twins/pump', '/devices/pump/modules/m']) {
      expect((await rest(hub, 'GET', path)).status).toBe(404);
    }
  });

  test('has no events, and numbers the next one on for who waited', async () => {
    const { eventLog } = hub.server.hub;
    for (const id of eventLog.partitionIds) {
      expect(eventLog.properties(id)).toMatchObject({ isEmpty: true });
      expect(eventLog.openReader(id, { kind: 'earliest' })?.read(10)).toEqual([]);
    }
    const device = await hub.createDevice('pump');
    await telemetry(device, 'after');
    const [event] = await eventsOf(hub, 'pump');
    expect(event?.body.toString()).toBe('after');
    expect(event?.sequenceNumber).toBeGreaterThanOrEqual(before.next);
    const heard = before.waiting.flatMap((reader) => reader.read(10)).map(({ body }) => body.toString());
    expect(heard).toContain('after');
    expect(heard).not.toContain('before');
  });

  test('has no feedback, batched or not, and nothing to tell of files', async () => {
    expect(await takeFeedback(hub)).toEqual([]);
    expect(hub.server.hub.fileNotifications.receive()).toBeUndefined();
    expect(hub.server.hub.cloudToDevice.count('pump')).toBe(0);
  });

  test('has its keys', () => expect(hub.policyKey('iothubowner')).toBe(before.key));
});
