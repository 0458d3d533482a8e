import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type Discovery, localServiceHub } from '../config/index.ts';
import { formatServiceConnectionString } from '../config/index.ts';
import type { ServiceClient } from '../sdk/service-client.ts';
import { ProgramError } from '../terminal/index.ts';
import { deviceConnectionString } from './device-string.ts';

/** What a program needs in its environment to use the local hub without knowing that it is one. It holds keys. */
export interface HubEnvironment {
  readonly IOTHUB_CONNECTION_STRING: string;
  readonly IOTHUB_DEVICE_CONNECTION_STRING: string;
  /** The Event Hubs-compatible endpoint, where telemetry is read. */
  readonly EVENTHUB_CONNECTION_STRING: string;
  /** Node: added to its own roots. */
  readonly NODE_EXTRA_CA_CERTS: string;
  /** OpenSSL, Go, Rust, and Python's ssl: instead of the system's roots, so the file holds those too. */
  readonly SSL_CERT_FILE: string;
  /** Python's requests: likewise. */
  readonly REQUESTS_CA_BUNDLE: string;
}

/**
 * The environment for a running local hub. The device is registered if it is not there.
 *
 * @param home where the bundle of certificates is written
 */
export async function hubEnvironment(options: {
  home: string;
  running: Discovery;
  client: ServiceClient;
  deviceId: string;
  env: NodeJS.ProcessEnv;
}): Promise<HubEnvironment> {
  const hub = localServiceHub(options.running);
  const identity = await findOrCreate(options.client, options.deviceId);
  const bundle = writeBundle(options.home, options.running.ca, options.env);
  return {
    IOTHUB_CONNECTION_STRING: formatServiceConnectionString(hub.connection),
    IOTHUB_DEVICE_CONNECTION_STRING: deviceConnectionString(hub, identity),
    EVENTHUB_CONNECTION_STRING: eventHubConnectionString(options.running),
    NODE_EXTRA_CA_CERTS: bundle,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
  };
}

const STANDARD_AMQP_PORT = 5671;

/** The entity goes by the first part of the hub's name, as the hub itself redirects to it. */
function eventHubConnectionString({ hostName, amqpPort, ownerKeyName, ownerKey }: Discovery): string {
  const port = amqpPort === STANDARD_AMQP_PORT ? '' : `:${amqpPort}`;
  const [entity = hostName] = hostName.split('.');
  return `Endpoint=sb://${hostName}${port}/;SharedAccessKeyName=${ownerKeyName};SharedAccessKey=${ownerKey};EntityPath=${entity}`;
}

async function findOrCreate(client: ServiceClient, deviceId: string): ReturnType<ServiceClient['getDevice']> {
  try {
    return await client.getDevice(deviceId);
  } catch (error) {
    if (error instanceof ProgramError && error.code === 'DeviceNotFound') return client.createDevice({ deviceId });
    throw error;
  }
}

/** The roots that were in force plus the local authority: setting these variables must not take trust away. */
function writeBundle(home: string, ca: string, env: NodeJS.ProcessEnv): string {
  const path = join(home, 'ca-bundle.pem');
  const inForce = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE']
    .map((name) => env[name])
    .filter((file): file is string => file !== undefined && file !== '' && file !== path)
    .map(readCertificates);
  const parts = [...new Set([...rootCertificates, ...inForce.flatMap(splitPem), ca].map((pem) => pem.trim()))];
  writeFileSync(path, parts.join('\n') + '\n', { mode: 0o644 });
  return path;
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // a variable that names no file trusts nothing now either
  }
}

function splitPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}
