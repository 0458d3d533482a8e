import { describe, expect, test } from 'vitest';
import { parseMethodOption } from '../../src/device/behaviours/methods.ts';
import type { DeviceProtocol } from '../../src/sdk/device-transport.ts';
import { PROTOCOLS } from './protocols.ts';
import { runDevice, type TestDevice } from './test-device.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

async function connected(
  settings = {},
  protocol: DeviceProtocol = 'mqtt',
): Promise<{ hub: TestHub; device: TestDevice }> {
  const hub = await startTestHub();
  const connection = await hub.register('pump');
  const device = runDevice({ connection, address: hub.address, settings, connector: { protocol } });
  await device.next('reported');
  return { hub, device };
}

const invoke = (hub: TestHub, methodName: string, payload: unknown = null, seconds = 10) =>
  hub.service.invokeMethod(
    { deviceId: 'pump' },
    { methodName, payload, responseTimeoutInSeconds: seconds, connectTimeoutInSeconds: 0 },
  );

describe.each(PROTOCOLS)('rebootDevice over %s', (protocol) => {
  test('is answered at once; the device is away, comes back, and reports rebootTime', async () => {
    const { hub, device } = await connected({ rebootMs: 500 }, protocol);
    expect(await invoke(hub, 'rebootDevice')).toEqual({
      status: 200,
      payload: { Response: 'Rebooting', rebootSeconds: 0.5 },
    });
    await device.next('disconnected');
    await expect(invoke(hub, 'DeviceMethod')).rejects.toMatchObject({ exitCode: 5 });
    const { rebootTime } = await device.next('rebooted');
    await device.next('reported');
    expect((await hub.service.getTwin('pump')).properties.reported).toMatchObject({ rebootTime });
    expect((await invoke(hub, 'DeviceMethod')).status).toBe(200);
  });

  test('with the answer after: the device stays connected and answers when it is done', async () => {
    const { hub, device } = await connected({ rebootAnswer: 'after' }, protocol);
    const { status, payload } = await invoke(hub, 'rebootDevice');
    const { rebootTime } = (await hub.service.getTwin('pump')).properties.reported;
    expect({ status, payload }).toEqual({
      status: 200,
      payload: { Response: 'Rebooted', rebootSeconds: 0.1, rebootTime },
    });
    expect(device.events.some(({ event }) => event === 'disconnected')).toBe(false);
  });
});

describe.each(PROTOCOLS)('direct methods over %s', (protocol) => {
  test('DeviceMethod is answered as in the tutorial, and its calls are counted', async () => {
    const { hub, device } = await connected({}, protocol);
    await invoke(hub, 'DeviceMethod', { method_number: '42' });
    expect(await invoke(hub, 'DeviceMethod', { method_number: '43' })).toEqual({
      status: 200,
      payload: { Response: 'This is the response from the device' },
    });
    await device.next('method');
    expect(await device.next('method')).toMatchObject({ payload: { method_number: '43' }, count: 2 });
  });

  test('a method that the device does not have is answered 404 with those that it has', async () => {
    const { hub } = await connected({ methods: [parseMethodOption('getLog')] }, protocol);
    expect(await invoke(hub, 'getLogs')).toEqual({
      status: 404,
      payload: {
        message: 'this device has no method "getLogs"; it has DeviceMethod, getLog, rebootDevice',
        methods: ['DeviceMethod', 'getLog', 'rebootDevice'],
      },
    });
  });

  test('own methods have the status and answer that they were given', async () => {
    const { hub } = await connected({
      methods: [parseMethodOption('explode:500={"why":"no reason"}'), parseMethodOption('getLog=[1,2]')],
    });
    expect(await invoke(hub, 'explode')).toEqual({ status: 500, payload: { why: 'no reason' } });
    expect(await invoke(hub, 'getLog')).toEqual({ status: 200, payload: [1, 2] });
  });

  test('a call without a payload is a call with null', async () => {
    const { hub, device } = await connected({}, protocol);
    expect((await invoke(hub, 'DeviceMethod', undefined)).status).toBe(200);
    expect((await device.next('method')).payload).toBeNull();
  });
});

test('a method that never answers times out at the caller', async () => {
  const { hub, device } = await connected({ methods: [parseMethodOption('silent:none')] });
  await expect(invoke(hub, 'silent', null, 5)).rejects.toMatchObject({ exitCode: 6 });
  expect(await device.next('methodAnswered')).toMatchObject({ status: null });
});

describe('--method', () => {
  test.each([
    ['getLog', { name: 'getLog', status: 200, payload: null }],
    ['getLog={"a":"b=c:d"}', { name: 'getLog', status: 200, payload: { a: 'b=c:d' } }],
    ['explode:500', { name: 'explode', status: 500, payload: null }],
    ['silent:none', { name: 'silent', status: null, payload: null }],
  ])('%s', (text, expected) => {
    expect(parseMethodOption(text)).toEqual(expected);
  });

  test.each(['', ':200', 'a b', 'getLog:often', 'getLog=nope', 'getLog:0'])('%j is a wrong call', (text) => {
    expect(() => parseMethodOption(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
