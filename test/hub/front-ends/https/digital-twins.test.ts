import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice, report } from '../../../support/device.ts';
import { connectRaw } from '../../../support/mqtt-device.ts';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

let count = 0;
const newId = async (): Promise<string> => {
  const deviceId = `pnp-${(count += 1)}`;
  await hub.createDevice(deviceId);
  return deviceId;
};
const patch = (id: string, body: unknown, headers: Record<string, string> = {}) =>
  rest(hub, 'PATCH', `/digitaltwins/${id}`, { body, headers });
const desiredOf = async (id: string) => {
  const {
    $metadata: _metadata,
    $version: _version,
    ...values
  } = (await rest(hub, 'GET', `/twins/${id}`)).body.properties.desired;
  return values as object;
};

describe('a digital twin', () => {
  test('shows the model, what the device reported, and how far it is with what was asked for', async () => {
    const id = await newId();
    const device = {
      deviceId: id,
      key: (await hub.registry().get(id)).responseBody.authentication?.symmetricKey?.primaryKey ?? '',
      connectionString: '',
    };
    const raw = await connectRaw(hub, device, {
      parameters: '/?api-version=2021-04-12&model-id=dtmi:com:example:TemperatureController;1',
    });
    await raw.endAsync();
    await hub
      .registry()
      .updateTwin(id, { properties: { desired: { thermostat1: { __t: 'c', targetTemperature: 20.4 } } } }, '*');
    const client = await openDevice(hub, {
      ...device,
      connectionString: `HostName=localhost;DeviceId=${id};SharedAccessKey=${device.key};GatewayHostName=localhost:${hub.server.ports.mqtt}`,
    });
    const twin = await client.getTwin();
    await report(twin, {
      serialNumber: 'alwinexlepaho8329',
      thermostat1: {
        __t: 'c',
        maxTempSinceLastReboot: 25.3,
        targetTemperature: { value: 20.4, ac: 200, av: 2, ad: 'Successfully executed patch' },
      },
    });
    const { body, headers, status } = await rest(hub, 'GET', `/digitaltwins/${id}`);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(status).toBe(200);
    expect(headers.etag).toBe('"AAAAAAAAAAI="');
    expect(body).toEqual({
      $dtId: id,
      serialNumber: 'alwinexlepaho8329',
      thermostat1: {
        maxTempSinceLastReboot: 25.3,
        targetTemperature: 20.4,
        $metadata: {
          maxTempSinceLastReboot: { lastUpdateTime: time },
          targetTemperature: {
            desiredValue: 20.4,
            desiredVersion: 2,
            ackVersion: 2,
            ackCode: 200,
            ackDescription: 'Successfully executed patch',
            lastUpdateTime: time,
          },
        },
      },
      $metadata: {
        $model: 'dtmi:com:example:TemperatureController;1',
        serialNumber: { lastUpdateTime: time },
      },
    });
    expect(await hub.digitalTwinClient().getDigitalTwin(id)).toMatchObject({
      $dtId: id,
      serialNumber: 'alwinexlepaho8329',
    });
    await client.close();
  });
});

describe('a JSON Patch', () => {
  test('asks for properties and for those of components, by the SDK', async () => {
    const id = await newId();
    await hub.digitalTwinClient().updateDigitalTwin(id, [
      { op: 'add', path: '/targetTemperature', value: 42 },
      { op: 'add', path: '/thermostat1/targetTemperature', value: 21 },
      { op: 'add', path: '/thermostat1/mode', value: { eco: true } },
    ]);
    expect(await desiredOf(id)).toEqual({
      targetTemperature: 42,
      thermostat1: { __t: 'c', targetTemperature: 21, mode: { eco: true } },
    });
  });

  test('answers 202 with the new etag and the place', async () => {
    const id = await newId();
    const { status, headers, body } = await patch(id, [{ op: 'add', path: '/a', value: 1 }]);
    expect([status, headers.etag, headers.location, body]).toEqual([
      202,
      '"AAAAAAAAAAI="',
      `https://localhost/digitaltwins/${id}`,
      undefined,
    ]);
  });

  test('replaces and removes what is there', async () => {
    const id = await newId();
    await patch(id, [
      { op: 'add', path: '/a', value: 1 },
      { op: 'add', path: '/c/x', value: 1 },
      { op: 'add', path: '/c/y', value: 1 },
    ]);
    await patch(id, [
      { op: 'replace', path: '/a', value: 2 },
      { op: 'remove', path: '/c/x' },
    ]);
    expect(await desiredOf(id)).toEqual({ a: 2, c: { __t: 'c', y: 1 } });
    await patch(id, [{ op: 'replace', path: '/c', value: { z: 3, $metadata: {} } }]);
    expect(await desiredOf(id)).toEqual({ a: 2, c: { __t: 'c', z: 3 } });
    await patch(id, [{ op: 'remove', path: '/c' }]);
    expect(await desiredOf(id)).toEqual({ a: 2 });
  });

  test('goes with an etag, and not with a stale one', async () => {
    const id = await newId();
    const client = hub.digitalTwinClient();
    await client.updateDigitalTwin(id, [{ op: 'add', path: '/a', value: 1 }], '"AAAAAAAAAAE="');
    const stale = client.updateDigitalTwin(id, [{ op: 'add', path: '/a', value: 2 }], '"AAAAAAAAAAE="');
    await expect(stale).rejects.toMatchObject({ statusCode: 412 });
  });

  test.each([
    ['that is none', {}],
    ['with an operation that is none', [{ op: 'move', path: '/a', from: '/b' }]],
    ['without a path', [{ op: 'add', value: 1 }]],
    ['of three names', [{ op: 'add', path: '/a/b/c', value: 1 }]],
    ['of nothing', [{ op: 'add', path: '/', value: 1 }]],
    ['of metadata', [{ op: 'add', path: '/$metadata', value: {} }]],
    ['without a value', [{ op: 'add', path: '/a' }]],
    ['that removes what is not there', [{ op: 'remove', path: '/nothing' }]],
    ['that replaces what is not there', [{ op: 'replace', path: '/nothing', value: 1 }]],
    ['with a forbidden name', [{ op: 'add', path: '/a b', value: 1 }]],
  ])('%s is refused', async (_what, body) => {
    const id = await newId();
    expect((await patch(id, body)).status).toBe(400);
    expect(await desiredOf(id)).toEqual({});
  });
});

describe('a command', () => {
  test('of the device and of a component reaches the device by name', async () => {
    const client = await openDevice(hub, await hub.createDevice('commanded'));
    client.onDeviceMethod('reboot', (request, response) => void response.send(200, { delay: request.payload }));
    client.onDeviceMethod(
      'thermostat1*getMaxMinReport',
      (request, response) => void response.send(201, request.payload),
    );
    await expect.poll(() => hub.server.hub.connections.find({ deviceId: 'commanded' })?.takesMethods).toBe(true);
    const service = hub.digitalTwinClient();
    const rebooted = await service.invokeCommand('commanded', 'reboot', 5);
    expect(rebooted).toMatchObject({ body: { delay: 5 }, xMsCommandStatuscode: 200 });
    const reported = await service.invokeComponentCommand(
      'commanded',
      'thermostat1',
      'getMaxMinReport',
      { since: 1 },
      {
        connectTimeoutInSeconds: 5,
        responseTimeoutInSeconds: 10,
      },
    );
    expect(reported).toMatchObject({ body: { since: 1 }, xMsCommandStatuscode: 201 });
    await client.close();
  });

  test.each([
    ['of a device that is away', 'pnp-1', '', 404],
    ['of an unknown device', 'nobody', '', 404],
    ['with a timeout out of range', 'pnp-1', '?responseTimeoutInSeconds=1', 400],
    ['with a timeout that is none', 'pnp-1', '?connectTimeoutInSeconds=x', 400],
  ])('%s is refused', async (_what, id, query, status) => {
    expect((await rest(hub, 'POST', `/digitaltwins/${id}/commands/x${query}`, { body: {} })).status).toBe(status);
  });
});

test('an unknown digital twin is not found', async () => {
  await expect(hub.digitalTwinClient().getDigitalTwin('nobody')).rejects.toMatchObject({ statusCode: 404 });
  expect((await patch('nobody', [])).status).toBe(404);
});
