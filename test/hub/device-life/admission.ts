import { createHash, X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { TestAuthority } from '../../support/device-certificates.ts';
import type { Behaviour } from './behaviour.ts';
import type { Credentials } from './reach.ts';
import { DeviceMessage, type DeviceFields, type Stage } from './stage.ts';

/** What the SDK calls it when a device may not come in, or is not there: MQTT and AMQP know one answer to a CONNECT. */
const UNKNOWN = {
  Mqtt: 'UnauthorizedError',
  MqttWs: 'UnauthorizedError',
  Amqp: 'UnauthorizedError',
  AmqpWs: 'UnauthorizedError',
  Http: 'DeviceNotFoundError',
} as const;

export const ADMISSION: readonly Behaviour[] = [
  {
    name: 'is let in with its second key too, and no longer with a key that was renewed',
    async arrange(stage) {
      const device = await stage.newDevice();
      const secondaryKey = Buffer.alloc(32, 2).toString('base64');
      const primaryKey = Buffer.alloc(32, 1).toString('base64');
      await change(stage, device.deviceId, { authentication: { symmetricKey: { primaryKey, secondaryKey } } });
      return async () => {
        await expect(send(stage, device)).rejects.toMatchObject({ name: 'UnauthorizedError' });
        await send(stage, { ...device, key: secondaryKey });
      };
    },
  },
  {
    name: 'is let in with a certificate that the hub knows by its thumbprint, and with no other',
    async arrange(stage) {
      const [own, other] = await Promise.all([TestAuthority.make('own'), TestAuthority.make('other')]);
      const primaryThumbprint = createHash('sha256').update(new X509Certificate(own.pem).raw).digest('hex');
      const { deviceId } = await stage.newDevice({
        authentication: { x509Thumbprint: { primaryThumbprint } },
      });
      return async () => {
        await send(stage, { deviceId, certificate: { cert: own.pem, key: own.key } });
        const [event] = await stage.backend.events.telemetryOf(deviceId);
        expect(event?.systemProperties?.['iothub-connection-auth-method']).toMatch(/"type":"x509/);
        await expect(send(stage, { deviceId, certificate: { cert: other.pem, key: other.key } })).rejects.toMatchObject(
          {
            name: 'UnauthorizedError',
          },
        );
      };
    },
  },
  {
    name: 'is refused with a wrong key',
    async arrange(stage) {
      const device = await stage.newDevice();
      return () =>
        expect(send(stage, { ...device, key: 'd3Jvbmc=' })).rejects.toMatchObject({ name: 'UnauthorizedError' });
    },
  },
  {
    name: 'is refused once it is deleted',
    async arrange(stage) {
      const device = await stage.newDevice();
      await stage.backend.registry.delete(device.deviceId);
      return () => expect(send(stage, device)).rejects.toMatchObject({ name: UNKNOWN[stage.transport] });
    },
  },
  {
    name: 'is refused while it is disabled, and let in when it is enabled again',
    async arrange(stage) {
      const device = await stage.newDevice();
      await change(stage, device.deviceId, { status: 'disabled', statusReason: 'broken' });
      return async () => {
        await expect(send(stage, device)).rejects.toMatchObject({ name: UNKNOWN[stage.transport] });
        await change(stage, device.deviceId, { status: 'enabled' });
        await send(stage, device);
      };
    },
  },
];

/** Over AMQP with a certificate, and over HTTPS, a device is known no sooner than it does something. */
async function send(stage: Stage, credentials: Credentials): Promise<void> {
  await (await stage.open(credentials)).sendEvent(new DeviceMessage('x'));
}

/** What an operator does: read, change, write back; the SDK would make new keys otherwise. */
async function change({ backend }: Stage, deviceId: string, changes: DeviceFields): Promise<void> {
  const { responseBody } = await backend.registry.get(deviceId);
  await backend.registry.update(Object.assign(responseBody, changes));
}
