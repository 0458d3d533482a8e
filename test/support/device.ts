import azureIotDevice, { type Client, type Twin } from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import type { HubFacts } from './hub-process.ts';
import type { TestDevice } from './hub.ts';

/** An unmodified SDK client for a device of a test hub, opened. */
export async function openDevice(hub: Pick<HubFacts, 'ca'>, device: TestDevice): Promise<Client> {
  const client = azureIotDevice.Client.fromConnectionString(device.connectionString, azureIotDeviceMqtt.Mqtt);
  await client.setOptions({ ca: hub.ca });
  await client.open();
  return client;
}

/** Reports properties; resolves once the hub has acknowledged them. */
export function report(twin: Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) => {
    twin.properties.reported['update'](patch, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
