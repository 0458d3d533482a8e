import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { networkInterfaces } from 'node:os';
import { readProcessStart, removeDiscovery, writeDiscovery, type Discovery } from '../config/index.ts';
import {
  EVENT_SOURCES,
  LOOPBACK_NAMES,
  MemoryJournal,
  OWNER_POLICY,
  PortUnavailable,
  SqliteJournal,
  startHubServer,
  type HubServer,
  type Journal,
  type Tier,
} from '../hub/index.ts';
import { formatDuration, ProgramError } from '../terminal/index.ts';
import { lockHome } from './home-lock.ts';
import { portWishes, replacedPorts, type PortOptions } from './listen-wish.ts';
import { applySeed, readSeed } from './seed.ts';
import { certificatesOf } from './stored-certificates.ts';
import { uploadStorageOf } from './upload-storage.ts';

export interface LocalHubOptions extends PortOptions {
  /** `TANDEM_HOME`: state, certificates, discovery file and lock. Made if it is not there. */
  readonly home: string;
  /** Keep no state; certificates are kept all the same. */
  readonly inMemory?: boolean | undefined;
  /** More names for the certificate and for tokens. */
  readonly hostnames?: readonly string[] | undefined;
  /** IP addresses to listen on besides the loopback ones. */
  readonly listen?: readonly string[] | undefined;
  /** Keep the throttles and the daily quota of this edition; default: none. */
  readonly tier?: Tier | undefined;
  /** An Azure Storage account or Azurite that devices upload files to. */
  readonly storageConnectionString?: string | undefined;
  /** Devices to begin with, in YAML or JSON. */
  readonly seedFile?: string | undefined;
  /** Told what the user should know: a replaced port, an address that others can reach. */
  readonly notice: (line: string) => void;
}

export interface LocalHub {
  readonly discovery: Discovery;
  /** Resolves when the hub was asked over HTTPS to stop. The caller then closes it. */
  readonly stopRequested: Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the hub of a folder: lock, certificates, state, ports, and last the discovery file, so that whoever finds it finds a
 * hub that is ready.
 *
 * @throws HubAlreadyRunning; ProgramError `failed` for a port that was asked for and is taken; `wrongCall` for a bad seed file
 */
export async function startLocalHub(options: LocalHubOptions): Promise<LocalHub> {
  const seed = options.seedFile === undefined ? undefined : readSeed(options.seedFile);
  const lock = lockHome(options.home);
  try {
    const stop = newSignal();
    const server = await openServer(options, stop.resolve);
    if (seed !== undefined) await applySeed(server.hub, seed);
    const discovery = describeHub(options, server);
    writeDiscovery(options.home, discovery);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await server.close();
      lock.release();
      // Last: who waits for the file to go may start the next hub at once.
      removeDiscovery(options.home, discovery.instanceId);
    };
    return { discovery, stopRequested: stop.promise, close: () => (closing ??= close()) };
  } catch (error) {
    lock.release();
    throw error instanceof PortUnavailable ? portError(error) : error;
  }
}

async function openServer(options: LocalHubOptions, onStopRequested: () => void): Promise<HubServer> {
  const hostNames = namesOf(options);
  const wishes = portWishes(options);
  const certificates = await certificatesOf(options.home, hostNames, Date.now());
  const server = await startHubServer({
    journal: openJournal(options),
    eventLog: options.inMemory === true ? {} : { directory: eventsFolder(options.home) },
    routes: EVENT_SOURCES,
    fileUpload: uploadStorageOf(options, certificates.caCertificate),
    tier: options.tier,
    hostNames,
    certificates,
    addresses: addressesOf(options),
    ports: wishes,
    onStopRequested,
    onFault: (error) =>
      options.notice(
        `fault in the local hub: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
  });
  for (const line of replacedPorts(wishes, server.ports)) options.notice(line);
  const { aheadMs } = server.hub.clock;
  if (aheadMs > 0) options.notice(`the clock of this hub was moved ahead by ${formatDuration(aheadMs)}, and still is`);
  return server;
}

/** A promise and what resolves it. (`Promise.withResolvers` came with Node 22.) */
function newSignal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export function stateFile(home: string): string {
  return join(home, 'state.db');
}

export function eventsFolder(home: string): string {
  return join(home, 'events');
}

function openJournal({ home, inMemory }: LocalHubOptions): Journal {
  return inMemory === true ? new MemoryJournal() : new SqliteJournal(stateFile(home));
}

function namesOf({ hostnames = [] }: LocalHubOptions): [string, ...string[]] {
  const [first, ...loopback] = LOOPBACK_NAMES;
  return [first, ...loopback, ...hostnames.filter((name) => !LOOPBACK_NAMES.some((known) => known === name))];
}

function addressesOf({ listen = [], notice }: LocalHubOptions): string[] {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
  for (const address of listen) {
    notice(`warning: the local hub listens on ${address}: whoever reaches that address and has a key can use it`);
  }
  return ['127.0.0.1', ...(hasIpv6 ? ['::1'] : []), ...listen];
}

function describeHub(options: LocalHubOptions, { hub, ports, caCertificate }: HubServer): Discovery {
  const owner = hub.authorization.policy(OWNER_POLICY);
  return {
    pid: process.pid,
    processStart: readProcessStart(process.pid),
    instanceId: randomUUID(),
    startedAt: new Date().toISOString(),
    hostName: hub.hostName,
    hostNames: namesOf(options),
    httpsPort: ports.https,
    mqttPort: ports.mqtt,
    amqpPort: ports.amqp,
    ca: caCertificate,
    ownerKeyName: 'iothubowner',
    ownerKey: owner.primaryKey,
    inMemory: options.inMemory === true,
    ...(options.tier === undefined ? {} : { tier: options.tier }),
  };
}

function portError(error: PortUnavailable): ProgramError {
  const hint =
    error.reason === 'taken'
      ? 'stop the program that has it, or choose another one (0 = any free one)'
      : 'ports below 1024 take root on most systems: run with sudo, or as a service with CAP_NET_BIND_SERVICE, or choose other ports';
  return new ProgramError('failed', 'PortUnavailable', error.message, { hint, cause: error });
}
