import azureIotDevice from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';

const { Client } = azureIotDevice;
const { Mqtt } = azureIotDeviceMqtt;

/**
 * A thermostat on the device SDK, as it would run on the device: it follows desired `targetTemperature` and answers `getReport`.
 *
 * @param {string} connectionString
 * @param {{ ca?: string }} [options] ca: PEM of an authority to trust besides the public ones
 */
export async function startThermostat(connectionString, { ca } = {}) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  if (ca !== undefined) await client.setOptions({ ca });
  await client.open();

  const readings = [];
  client.onDeviceMethod('getReport', async (_request, response) => {
    if (readings.length === 0) await response.send(404, { message: 'no reading yet' });
    else await response.send(200, { max: Math.max(...readings), min: Math.min(...readings) });
  });

  const twin = await client.getTwin();
  // Fires at once for what was set before the device was there.
  twin.on('properties.desired', ({ targetTemperature }) => {
    if (targetTemperature === undefined) return;
    const status = targetTemperature > 30 ? 'refused' : 'accepted';
    twin.properties.reported.update({ targetTemperature: { value: targetTemperature, status } }, () => {});
  });

  return {
    /** @param {number} temperature */
    measured: (temperature) => readings.push(temperature),
    close: () => client.close(),
  };
}
