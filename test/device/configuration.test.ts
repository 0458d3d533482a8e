import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/sdk/device-link.ts';
import { runDevice, type TestDevice } from './test-device.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

async function connected(settings = {}): Promise<{ hub: TestHub; device: TestDevice }> {
  const hub = await startTestHub();
  const connection = await hub.register('pump');
  const device = runDevice({ connection, address: hub.address, settings });
  await device.next('reported');
  return { hub, device };
}

const desire = (hub: TestHub, desired: JsonObject): Promise<unknown> =>
  hub.service.patchTwin('pump', { properties: { desired } }, '*');

const reported = async (hub: TestHub): Promise<unknown> => (await hub.service.getTwin('pump')).properties.reported;

describe('a desired configuration', () => {
  test('is reported Pending with the desired values, then Success', async () => {
    const { hub, device } = await connected();
    await desire(hub, { configId: '2', sendFrequency: '5m' });
    expect((await device.next('reported')).patch).toEqual({ configId: '2', sendFrequency: '5m', status: 'Pending' });
    expect((await device.next('reported')).patch).toEqual({ configId: '2', sendFrequency: '5m', status: 'Success' });
    expect(await reported(hub)).toMatchObject({ configId: '2', sendFrequency: '5m', status: 'Success' });
  });

  test('under telemetryConfig is reported there, and a number stays a number', async () => {
    const { hub, device } = await connected();
    await desire(hub, { telemetryConfig: { configId: 7, sendFrequency: 300 } });
    await device.next('configuration', ({ status }) => status === 'Success');
    await device.next('reported');
    expect(await reported(hub)).toMatchObject({
      configId: '1',
      telemetryConfig: { configId: 7, sendFrequency: 300, status: 'Success' },
    });
  });

  test.each([
    [{ configId: '2', sendFrequency: 'often' }, 'sendFrequency must be an interval'],
    [{ configId: '2', sendFrequency: 0 }, 'sendFrequency must be an interval'],
    [{ configId: { nested: 1 }, sendFrequency: '5m' }, 'configId must be a string or a number'],
  ])('%j is refused with its reason, and the old one stays in force', async (desired, reason) => {
    const { hub, device } = await connected();
    await desire(hub, desired);
    const { patch } = await device.next('reported');
    expect(patch).toEqual({ configId: desired.configId, status: 'Error', reason: expect.stringContaining(reason) });
    expect(await reported(hub)).toMatchObject({ sendFrequency: '24h', status: 'Error' });
  });

  test('a good one after a refused one succeeds, and the reason is gone', async () => {
    const { hub, device } = await connected();
    await desire(hub, { configId: '2', sendFrequency: 'often' });
    await device.next('configuration', ({ status }) => status === 'Error');
    await device.next('reported');
    await desire(hub, { sendFrequency: '10m' });
    await device.next('configuration', ({ status }) => status === 'Success');
    await device.next('reported');
    const now = await reported(hub);
    expect(now).toMatchObject({ configId: '2', sendFrequency: '10m', status: 'Success' });
    expect(now).not.toHaveProperty('reason');
  });

  test('that goes back to what is in force after a refusal is Success without being applied again', async () => {
    const { hub, device } = await connected();
    await desire(hub, { configId: '2', sendFrequency: 'often' });
    await device.next('reported');
    await desire(hub, { configId: '1', sendFrequency: '24h' });
    expect((await device.next('configuration', ({ status }) => status !== 'Error')).status).toBe('Success');
  });

  test('that arrives while another is applied supersedes it', async () => {
    const { hub, device } = await connected({ applyMs: 300 });
    await desire(hub, { configId: '2', sendFrequency: '5m' });
    await device.next('configuration');
    await desire(hub, { configId: '3', sendFrequency: '6m' });
    await device.next('configuration', ({ status }) => status === 'Success');
    const told = device.events.filter((event) => event.event === 'configuration');
    expect(told.map(({ status, configId }) => [status, configId])).toEqual([
      ['Pending', '2'],
      ['Pending', '3'],
      ['Success', '3'],
    ]);
  });

  test('that was set before connect is applied; the same again causes nothing, not even after a restart', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    await desire(hub, { configId: '2', sendFrequency: '5m' });
    const first = runDevice({ connection, address: hub.address });
    await first.next('desired', ({ source }) => source === 'twin');
    await first.next('configuration', ({ status }) => status === 'Success');
    await first.next('reported');
    await desire(hub, { configId: '2', sendFrequency: '5m' });
    await first.next('desired');
    await first.stop();
    const second = runDevice({ connection, address: hub.address });
    await second.next('reported');
    await second.stop();
    expect(first.events.filter(({ event }) => event === 'configuration')).toHaveLength(2);
    expect(second.events.filter(({ event }) => event === 'configuration')).toHaveLength(0);
  });

  test('that was set while the device was away is applied when it is back', async () => {
    const { hub, device } = await connected({ rebootMs: 300 });
    await hub.service.invokeMethod({ deviceId: 'pump' }, REBOOT);
    await device.next('disconnected');
    await desire(hub, { configId: '9', sendFrequency: '1h' });
    await device.next('connected');
    expect(await device.next('configuration', ({ status }) => status === 'Success')).toMatchObject({ configId: '9' });
  });

  test('sets how often telemetry is sent', async () => {
    const { hub, device } = await connected();
    await desire(hub, { configId: '2', sendFrequency: 0.1 });
    expect(await device.next('telemetryInterval')).toMatchObject({ everyMs: 100 });
    expect((await device.next('telemetry')).body).toMatchObject({ messageId: 1, temperature: 21, humidity: 60 });
    expect((await device.next('telemetry')).body).toMatchObject({ messageId: 2 });
  });

  test('survives a restart of the device: telemetry goes on at the configured interval', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    await desire(hub, { configId: '2', sendFrequency: 0.1 });
    const first = runDevice({ connection, address: hub.address });
    await first.next('telemetry');
    await first.stop();
    const second = runDevice({ connection, address: hub.address });
    await second.next('telemetry');
    expect(second.events.filter(({ event }) => event === 'configuration')).toHaveLength(0);
  });
});

const REBOOT = { methodName: 'rebootDevice', payload: null, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 0 };
