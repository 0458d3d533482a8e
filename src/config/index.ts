/** Which hub, which credentials: the face of this room, shared by both programs. */
export {
  formatServiceConnectionString,
  parseServiceConnectionString,
  type ServiceConnectionString,
} from './service-connection-string.ts';
export {
  type DeviceAuthentication,
  type DeviceConnectionString,
  formatDeviceConnectionString,
  parseDeviceConnectionString,
} from './device-connection-string.ts';
export { DEFAULT_DEVICE_ID, readSettings, type Settings, type SettingSources } from './settings.ts';
export { tandemHome } from './tandem-home.ts';
export { addSecret, redact } from './redact.ts';
export { type HubAddress } from './hub-address.ts';
export {
  type DeviceHubChoice,
  findDeviceHub,
  findServiceHub,
  LOCAL_HUB,
  localServiceHub,
  type ServiceHub,
} from './find-hub.ts';
export {
  type Discovery,
  findRunningHub,
  localDeviceConnectionString,
  localServiceConnectionString,
  removeDiscovery,
  writeDiscovery,
} from './discovery.ts';
export { isProcessAlive, readProcessStart } from './process-start.ts';
