import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startHub, waitForTwin } from 'iothub-tandem/testing';
import { startThermostat } from '../src/thermostat.js';

describe('the thermostat', () => {
  let hub;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub.close());

  test('follows the target temperature, also one that was set before it was there', async () => {
    const connectionString = await hub.createDevice('early', { desired: { targetTemperature: 21 } });
    const thermostat = await startThermostat(connectionString, hub);
    await waitForTwin(hub, 'early', 'properties.reported.targetTemperature.value = 21');

    await hub.patchTwin('early', { desired: { targetTemperature: 23 } });
    const twin = await waitForTwin(hub, 'early', 'properties.reported.targetTemperature.value = 23');
    assert.equal(twin.properties.reported.targetTemperature.status, 'accepted');
    await thermostat.close();
  });

  test('refuses to boil', async () => {
    const thermostat = await startThermostat(await hub.createDevice('kettle'), hub);
    await hub.patchTwin('kettle', { desired: { targetTemperature: 99 } });
    await waitForTwin(hub, 'kettle', ({ properties }) => properties.reported.targetTemperature?.status === 'refused');
    await thermostat.close();
  });

  test('answers getReport with the highest and the lowest reading', async () => {
    const thermostat = await startThermostat(await hub.createDevice('reporter'), hub);
    assert.equal((await hub.invokeMethod('reporter', 'getReport')).status, 404);

    for (const temperature of [20.5, 19, 22]) thermostat.measured(temperature);
    const answer = await hub.invokeMethod('reporter', 'getReport');
    assert.deepEqual(answer, { status: 200, payload: { max: 22, min: 19 } });
    await thermostat.close();
  });
});
