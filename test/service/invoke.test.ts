import { describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

// Several at once: most of the time is waiting.
describe.concurrent('invoke', () => {
  test.each([
    ['an object', '{"method_number":"42"}', { method_number: '42' }],
    ['a JSON string', '"text"', 'text'],
    ['a number', '42', 42],
    ['null', 'null', null],
    ['an array', '[1,null]', [1, null]],
  ])('sends %s as it stands and shows request, status and answer', async (name, text, payload) => {
    const deviceId = `echo-${name.replaceAll(' ', '-')}`;
    await hub.device(deviceId);
    const device = await hub.connect(deviceId);
    hub.answer(device, 'DeviceMethod', (received) => ({ status: 200, payload: { received } }));
    const run = await hub.run(['invoke', deviceId, 'DeviceMethod', text, '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toEqual({
      deviceId,
      methodName: 'DeviceMethod',
      request: payload,
      status: 200,
      payload: { received: payload },
    });
  });

  test('for people is a card', async () => {
    await hub.device('card');
    const device = await hub.connect('card');
    hub.answer(device, 'DeviceMethod', () => ({ status: 200, payload: 'fine' }));
    const { stdout } = await hub.run(['invoke', 'card', 'DeviceMethod']);
    expect(stdout.split('\n')).toEqual([
      'deviceId    card',
      'methodName  DeviceMethod',
      'request',
      'status      200',
      'payload     fine',
      '',
    ]);
  });

  test("is 5 when the device is not connected, by the hub's own code", async () => {
    await hub.device('offline');
    const run = await hub.run(['invoke', 'offline', 'DeviceMethod', '-o', 'json']);
    expect([run.exitCode, run.stdout]).toEqual([5, '']);
    expect(JSON.parse(run.stderr).error).toMatchObject({
      code: 'DeviceNotOnline',
      exitCode: 5,
    });
  });

  test('is 6 when the device never answers', async () => {
    await hub.device('silent');
    const device = await hub.connect('silent');
    device.onDeviceMethod('DeviceMethod', () => undefined);
    const run = await hub.run(['invoke', 'silent', 'DeviceMethod', '--timeout', '5s']);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain('did not answer in time');
  });

  test('--connect-timeout waits for a device that comes late', async () => {
    await hub.device('late');
    const running = hub.run(['invoke', 'late', 'DeviceMethod', '--connect-timeout', '20s', '-o', 'json']);
    const device = await hub.connect('late');
    hub.answer(device, 'DeviceMethod', () => ({ status: 201 }));
    expect((await running).json()).toMatchObject({ status: 201 });
  });

  test.each([
    ['no device', ['invoke'], 'no device named'],
    ['no method', ['invoke', 'x'], 'no method named'],
    ['bad JSON', ['invoke', 'x', 'm', '{a}'], 'the payload is not JSON'],
    ['two payloads', ['invoke', 'x', 'm', '1', '--payload', '2'], 'the payload is given twice'],
    [
      'a timeout outside its range',
      ['invoke', 'x', 'm', '--timeout', '1s'],
      '--timeout must be a duration from 5s to 5m',
    ],
    ['too many words', ['invoke', 'x', 'm', '1', '2'], 'unexpected "2"'],
  ])('%s is a wrong call', async (_name, words, message) => {
    const run = await hub.run(words);
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });
});
