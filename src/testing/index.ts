/**
 * The test kit: a hub, simulated devices, and waiting for twins, for test suites in any runner. See docs/testing.md.
 *
 *     import { simulateDevice, startHub, waitForTwin } from 'iothub-tandem/testing';
 */
export type { JsonObject, JsonValue } from './json.ts';
export { startHub, type StartHubOptions } from './start-hub.ts';
export type { TestHub } from './test-hub.ts';
export type { TestTwin } from './test-twin.ts';
export { simulateDevice } from './simulate-device.ts';
export type {
  MethodFunction,
  MethodResult,
  SimulateDeviceOptions,
  SimulatedDevice,
  SimulatedDeviceEvent,
  SimulatedDeviceEventName,
} from './simulated-device.ts';
export { type TwinCondition, waitForTwin, type WaitOptions } from './wait-for-twin.ts';
