import { isIP } from 'node:net';
import type { Command } from 'commander';
import type { LocalHub } from '../../local-hub/index.ts';
import type { Discovery } from '../../config/index.ts';
import { choice, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { startDetached } from '../detached-hub.ts';

const TIERS = ['F1', 'S1', 'S2', 'S3'] as const;

export interface HubStartOptions {
  readonly detach?: boolean;
  readonly standardPorts?: boolean;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly amqpPort?: number;
  readonly inMemory?: boolean;
  readonly hostname?: readonly string[];
  readonly listen?: readonly string[];
  readonly tier?: (typeof TIERS)[number];
  readonly seed?: string;
}

export function addHubStart(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'start',
    examples: [
      'hub-admin hub start --detach',
      'hub-admin hub --in-memory --https-port 0 --mqtt-port 0 --amqp-port 0 --detach',
      'hub-admin hub start --detach --hostname hub.example.test',
      'hub-admin hub start --detach --tier S1',
    ],
  });
  addStartOptions(command);
  command.action(async (options: HubStartOptions, self: Command) => {
    await runHubStart(host.open(self), options);
  });
}

function addStartOptions(command: Command): Command {
  const port = (name: string): ((text: string) => number) => wholeNumber(name, { min: 0, max: 65_535 });
  return command
    .option('--detach', 'end when the hub is ready, and let it run on')
    .option('--standard-ports', 'listen on 443, 8883 and 5671, as Azure does; 443 may need privileges')
    .option('--https-port <n>', 'port for HTTPS and WebSockets, 0 for a free one (default: 8443)', port('--https-port'))
    .option('--mqtt-port <n>', 'port for MQTT, 0 for a free one (default: 8883)', port('--mqtt-port'))
    .option('--amqp-port <n>', 'port for AMQP, 0 for a free one (default: 5671)', port('--amqp-port'))
    .option('--in-memory', 'keep nothing when it ends')
    .option('--hostname <name>', 'another name of the hub, in its certificate too; repeatable', collect)
    .option(
      '--listen <address>',
      'listen on this IP address too, 0.0.0.0 for all: others can reach it then; repeatable (default: this machine alone)',
      collectAddress,
    )
    .option(
      '--tier <tier>',
      'keep the throttles and the daily quota of one unit of this edition: F1, S1, S2, S3 (default: none)',
      choice('--tier', TIERS),
    )
    .option('--seed <file>', 'devices, tags, desired properties and keys to begin with, YAML or JSON');
}

function collect(name: string, names: readonly string[] = []): readonly string[] {
  return [...names, name];
}

function collectAddress(address: string, addresses: readonly string[] = []): readonly string[] {
  if (isIP(address) === 0) {
    throw wrongCall(`--listen must be an IP address, got "${address}"`, '0.0.0.0 means every address of this machine');
  }
  return [...addresses, address];
}

export async function runHubStart(console: Console, options: HubStartOptions): Promise<void> {
  if (options.standardPorts === true && options.httpsPort !== undefined) {
    throw wrongCall('either --standard-ports or --https-port, not both');
  }
  if (options.detach === true) {
    await announce(console, await startDetached(console, options));
    return;
  }
  const hub = await openHub(console, options);
  console.onEnd(() => hub.close());
  await announce(console, hub.discovery);
  await Promise.race([hub.stopRequested, aborted(console.signal)]);
}

async function openHub(console: Console, options: HubStartOptions): Promise<LocalHub> {
  const { startLocalHub } = await import('../../local-hub/index.ts');
  const settings = console.settings();
  return startLocalHub({
    home: settings.tandemHome,
    httpsPort: options.httpsPort,
    mqttPort: options.mqttPort,
    amqpPort: options.amqpPort,
    standardPorts: options.standardPorts,
    inMemory: options.inMemory,
    hostnames: options.hostname,
    listen: options.listen,
    tier: options.tier,
    storageConnectionString: checkStorage(settings.storageConnectionString),
    seedFile: options.seed,
    notice: (line) => console.terminal.notice(line),
  });
}

function checkStorage(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const names = new Set(text.split(';').map((field) => field.split('=')[0]?.trim().toLowerCase()));
  if (names.has('usedevelopmentstorage') || (names.has('accountname') && names.has('accountkey'))) return text;
  throw wrongCall(
    'TANDEM_STORAGE_CONNECTION_STRING is no connection string of a storage account',
    'it needs AccountName and AccountKey, or is UseDevelopmentStorage=true for Azurite',
  );
}

/** The one line on stdout that says: ready. */
async function announce(console: Console, hub: Discovery): Promise<void> {
  const { terminal } = console;
  const { hostName, httpsPort, mqttPort, amqpPort, pid, inMemory, tier } = hub;
  if (console.options.output === 'json' || console.options.output === 'ndjson') {
    await terminal.print(JSON.stringify({ ready: true, hostName, httpsPort, mqttPort, amqpPort, pid, inMemory, tier }));
    return;
  }
  const ports = `HTTPS ${httpsPort}, MQTT ${mqttPort}, AMQP ${amqpPort}`;
  const more = [`process ${pid}`, ...(inMemory ? ['in memory'] : []), ...(tier === undefined ? [] : [`tier ${tier}`])];
  await terminal.print(`Local hub ready at ${hostName} (${[ports, ...more].join('; ')}).`);
  console.suggest('sim-device, and in another terminal: hub-admin reboot myDeviceId');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
