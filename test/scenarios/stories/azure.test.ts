import { describe } from 'vitest';
import { stories } from './stories.ts';

const env = {
  IOTHUB_CONNECTION_STRING: process.env['IOTHUB_CONNECTION_STRING'],
  IOTHUB_DEVICE_CONNECTION_STRING: process.env['IOTHUB_DEVICE_CONNECTION_STRING'],
};
const hasAzure = Object.values(env).every((text) => text?.includes('.azure-devices.net') === true);
const deviceId = /DeviceId=([^;]+)/.exec(env.IOTHUB_DEVICE_CONNECTION_STRING ?? '')?.[1] ?? '';

// Skipped without both connection strings of a real hub in the environment: there is none to talk to.
describe.skipIf(!hasAzure)('the four stories on Azure', () => {
  stories({ protocol: 'mqtt', azure: { deviceId, env } });
});
