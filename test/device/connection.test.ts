import { describe, expect, test } from 'vitest';
import { PROTOCOLS } from './protocols.ts';
import { runDevice } from './test-device.ts';
import { startTestHub } from './test-hub.ts';

describe.each(PROTOCOLS)('a device over %s', (protocol) => {
  test('connects, reports connectivity and the configuration in force, and says goodbye', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const device = runDevice({ connection, address: hub.address, connector: { protocol } });
    await device.next('reported');
    const twin = await hub.service.getTwin('pump');
    expect(twin.properties.reported).toMatchObject({
      connectivity: { type: 'cellular' },
      configId: '1',
      sendFrequency: '24h',
      status: 'Success',
    });
    expect(twin['connectionState']).toBe('Connected');
    await device.stop();
    expect((await hub.service.getTwin('pump'))['connectionState']).toBe('Disconnected');
    expect(device.events.map(({ event }) => event)).toEqual(['connected', 'reported', 'disconnected', 'stopped']);
  });

  test('comes back after the hub was restarted, and serves methods again', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const device = runDevice({ connection, address: hub.address, connector: { protocol } });
    await device.next('reported');
    await hub.stop();
    await device.next('disconnected');
    await device.next('connectFailed');
    await hub.start();
    await device.next('connected');
    const answer = await hub.service.invokeMethod(
      { deviceId: 'pump' },
      method('DeviceMethod', { method_number: '42' }),
    );
    expect(answer).toEqual({ status: 200, payload: { Response: 'This is the response from the device' } });
  });
});

describe.each(PROTOCOLS)('a connection over %s', (protocol) => {
  test('with a wrong key ends the device with exit code 4', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const wrong = { kind: 'sharedAccessKey', sharedAccessKey: Buffer.alloc(32, 7).toString('base64') } as const;
    const device = runDevice({
      connection: { ...connection, authentication: wrong },
      address: hub.address,
      connector: { protocol },
    });
    await expect(device.ended).rejects.toMatchObject({ exitCode: 4, code: 'IotHubUnauthorizedAccess' });
  });

  test('whose device is disabled meanwhile ends it with exit code 4', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const device = runDevice({ connection, address: hub.address, connector: { protocol } });
    await device.next('reported');
    const identity = await hub.service.getDevice('pump');
    await hub.service.updateDevice({ ...identity, status: 'disabled' }, identity.etag);
    await expect(device.ended).rejects.toMatchObject({ exitCode: 4 });
  });

  test('to a hub that is not there ends an impatient device with exit code 9, and names host and port', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const { mqttPort, amqpPort, httpsPort } = hub.address();
    const port = { mqtt: mqttPort, amqp: amqpPort, 'mqtt-ws': httpsPort, 'amqp-ws': httpsPort }[protocol];
    const address = hub.address();
    await hub.stop();
    const device = runDevice({ connection, address: () => address, connector: { protocol } });
    await expect(device.ended).rejects.toMatchObject({
      exitCode: 9,
      code: 'ConnectionRefused',
      message: `cannot reach the hub at 127.0.0.1:${port}: nothing listens there`,
    });
  });

  test('to a hub whose certificate nobody vouches for ends it with exit code 9', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const { ca: _, ...address } = hub.address();
    const device = runDevice({ connection, address: () => address, connector: { protocol } });
    await expect(device.ended).rejects.toMatchObject({ exitCode: 9, code: 'UntrustedCertificate' });
  });

  test('that breaks by a fault of the scenario comes back', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const faults = [{ kind: 'drop', at: 0.05, for: 0.05 } as const];
    const device = runDevice({ connection, address: hub.address, connector: { protocol }, scenario: { faults } });
    await device.next('fault');
    await device.next('connected');
  });
});

describe('a connection that is refused or lost', () => {
  test('a name that does not exist ends it with exit code 9', async () => {
    const address = { ...(await startTestHub()).address(), local: false, hostName: 'no-such-hub.invalid' };
    const connection = {
      hostName: address.hostName,
      deviceId: 'pump',
      authentication: { kind: 'sharedAccessKey', sharedAccessKey: 'a2V5' },
    } as const;
    const device = runDevice({ connection, address: () => address });
    await expect(device.ended).rejects.toMatchObject({ exitCode: 9, code: 'HostNotFound' });
  });

  test('two devices with one id take turns, and say that another client seems to use it', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const first = runDevice({ connection, address: hub.address });
    await first.next('reported');
    const second = runDevice({ connection, address: hub.address });
    expect((await Promise.all([first.next('takenOver'), second.next('takenOver')])).map(({ times }) => times)).toEqual([
      2, 2,
    ]);
  });
});

function method(methodName: string, payload: unknown) {
  return { methodName, payload, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 0 };
}
