import { describe, expect, test } from 'vitest';
import { PROTOCOLS } from './protocols.ts';
import { runDevice } from './test-device.ts';
import { startTestHub } from './test-hub.ts';

describe.each(PROTOCOLS)('cloud-to-device messages over %s', (protocol) => {
  test('are told with body and properties, and completed', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const device = runDevice({ connection, address: hub.address, connector: { protocol } });
    await device.next('reported');
    await hub.send('pump', '{"open":true}', { valve: '7 & more' });
    expect(await device.next('message')).toMatchObject({
      messageId: 'm1',
      correlationId: 'c1',
      body: { open: true },
      properties: { valve: '7 & more' },
    });
    // The hub takes the acknowledgement in its own time.
    await expect.poll(async () => (await hub.service.getDevice('pump'))['cloudToDeviceMessageCount']).toBe(0);
  });

  test('that were sent while the device was away are not lost, although they come before it has subscribed again', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const first = runDevice({ connection, address: hub.address, connector: { protocol } });
    await first.next('reported');
    await first.stop();
    await hub.send('pump', 'plain text');
    const second = runDevice({ connection, address: hub.address, connector: { protocol } });
    expect(await second.next('message')).toMatchObject({ body: 'plain text' });
  });

  test('a scenario answers them with telemetry', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const scenario = { messages: { delay: 0.01, reply: { done: { $counter: {} } } } };
    const device = runDevice({ connection, address: hub.address, connector: { protocol }, scenario });
    await device.next('reported');
    await hub.send('pump', 'work');
    expect(await device.next('telemetry')).toMatchObject({ messageId: 'reply-1', body: { done: 1 } });
  });
});
