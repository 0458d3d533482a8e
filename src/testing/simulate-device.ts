import { ProgramError } from '../terminal/index.ts';
import { RunningDevice } from './running-device.ts';
import { RunningTestHub } from './running-test-hub.ts';
import type { SimulateDeviceOptions, SimulatedDevice } from './simulated-device.ts';
import type { TestHub } from './test-hub.ts';

/**
 * Runs a simulated device: it answers `rebootDevice` and `DeviceMethod`, applies configurations, reports its connectivity.
 *
 * @param device options, or the id alone
 * @returns once it is connected and has reported
 */
export async function simulateDevice(hub: TestHub, device: SimulateDeviceOptions | string): Promise<SimulatedDevice> {
  const options = typeof device === 'string' ? { deviceId: device } : device;
  if (!(hub instanceof RunningTestHub)) throw new TypeError('simulateDevice needs a hub that startHub() has started');
  const connectionString = await register(hub, options);
  const running = new RunningDevice(hub, options, connectionString);
  try {
    await running.next('reported');
    return running;
  } catch (error) {
    await running.close();
    throw error;
  }
}

async function register(hub: RunningTestHub, { deviceId, tags, desired }: SimulateDeviceOptions): Promise<string> {
  const twin = { ...(tags === undefined ? {} : { tags }), ...(desired === undefined ? {} : { desired }) };
  try {
    return await hub.createDevice(deviceId, twin);
  } catch (error) {
    if (error instanceof ProgramError && error.code === 'DeviceAlreadyExists')
      return hub.deviceConnectionString(deviceId);
    throw error;
  }
}
