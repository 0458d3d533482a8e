import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDeviceConnectionString } from './device-connection-string.ts';
import { isProcessAlive, readProcessStart } from './process-start.ts';
import { addSecret } from './redact.ts';
import { formatServiceConnectionString } from './service-connection-string.ts';

/** What a running local hub tells the programs of its user, in `<TANDEM_HOME>/hub.json`. */
export interface Discovery {
  readonly pid: number;
  /** What tells two processes with one id apart; empty where the platform cannot say. */
  readonly processStart: string;
  readonly instanceId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly hostName: string;
  /** Every name its certificate is for. */
  readonly hostNames: readonly string[];
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly amqpPort: number;
  /** PEM of the local certificate authority. */
  readonly ca: string;
  readonly ownerKeyName: 'iothubowner';
  readonly ownerKey: string;
  readonly inMemory: boolean;
  /** Whose throttles and quota it keeps; absent: none. */
  readonly tier?: string;
}

export const STANDARD_MQTT_PORT = 8883;

/** Writes the file whole or not at all, for the user alone. */
export function writeDiscovery(home: string, discovery: Discovery): void {
  addSecret(discovery.ownerKey);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const temporary = `${discoveryFile(home)}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(discovery, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, discoveryFile(home));
}

/** Removes the file if it is still the one of this hub: another may have started meanwhile. */
export function removeDiscovery(home: string, instanceId: string): void {
  if (readDiscovery(home)?.instanceId === instanceId) rmSync(discoveryFile(home), { force: true });
}

/** The hub that runs for this folder; undefined also when its file was left behind by a process that is gone or is another one now. */
export function findRunningHub(home: string): Promise<Discovery | undefined> {
  const discovery = readDiscovery(home);
  return Promise.resolve(discovery !== undefined && isRunning(discovery) ? discovery : undefined);
}

/** The owner's connection string of the local hub. It holds the key. */
export function localServiceConnectionString(discovery: Discovery): string {
  return formatServiceConnectionString({
    hostName: discovery.hostName,
    sharedAccessKeyName: discovery.ownerKeyName,
    sharedAccessKey: discovery.ownerKey,
  });
}

/** A device's connection string; it names the MQTT port as a gateway, which every device SDK understands, unless the port is the standard one. */
export function localDeviceConnectionString(discovery: Discovery, deviceId: string, key: string): string {
  addSecret(key);
  return formatDeviceConnectionString({
    hostName: discovery.hostName,
    deviceId,
    authentication: { kind: 'sharedAccessKey', sharedAccessKey: key },
    ...(discovery.mqttPort === STANDARD_MQTT_PORT ? {} : { gatewayHostName: `localhost:${discovery.mqttPort}` }),
  });
}

function discoveryFile(home: string): string {
  return join(home, 'hub.json');
}

function readDiscovery(home: string): Discovery | undefined {
  let text: string;
  try {
    text = readFileSync(discoveryFile(home), 'utf8');
  } catch {
    return undefined;
  }
  const discovery = parseDiscovery(text);
  if (discovery !== undefined) addSecret(discovery.ownerKey);
  return discovery;
}

/** A file of another version or one that somebody edited is no hub: it is replaced at the next start. */
function parseDiscovery(text: string): Discovery | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isDiscovery(value) ? value : undefined;
}

const SHAPE = {
  pid: 'number',
  processStart: 'string',
  instanceId: 'string',
  startedAt: 'string',
  hostName: 'string',
  httpsPort: 'number',
  mqttPort: 'number',
  amqpPort: 'number',
  ca: 'string',
  ownerKeyName: 'string',
  ownerKey: 'string',
  inMemory: 'boolean',
} as const satisfies Partial<Record<keyof Discovery, string>>;

function isDiscovery(value: unknown): value is Discovery {
  if (typeof value !== 'object' || value === null || !('hostNames' in value)) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return (
    Array.isArray(value.hostNames) && Object.entries(SHAPE).every(([name, type]) => typeof members.get(name) === type)
  );
}

function isRunning(discovery: Discovery): boolean {
  if (!isProcessAlive(discovery.pid)) return false;
  const start = readProcessStart(discovery.pid);
  return start === '' || discovery.processStart === '' || start === discovery.processStart;
}
