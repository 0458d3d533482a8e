import type { Command } from 'commander';
import type { LocalHub } from '../../local-hub/index.ts';
import type { Discovery } from '../../config/index.ts';
import { wholeNumber, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { startDetached } from '../detached-hub.ts';

export interface HubStartOptions {
  readonly detach?: boolean;
  readonly standardPorts?: boolean;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly amqpPort?: number;
  readonly inMemory?: boolean;
  readonly hostname?: readonly string[];
  readonly seed?: string;
}

export function addHubStart(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'start',
    isDefault: true,
    says: 'Start the local hub of TANDEM_HOME, in the foreground unless --detach.',
    examples: [
      'hub-admin hub start --detach',
      'hub-admin hub --in-memory --https-port 0 --mqtt-port 0 --amqp-port 0 --detach',
      'hub-admin hub start --detach --hostname hub.example.test',
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
    .option('--seed <file>', 'devices, tags, desired properties and keys to begin with, YAML or JSON');
}

function collect(name: string, names: readonly string[] = []): readonly string[] {
  return [...names, name];
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
  return startLocalHub({
    home: console.settings().tandemHome,
    httpsPort: options.httpsPort,
    mqttPort: options.mqttPort,
    amqpPort: options.amqpPort,
    standardPorts: options.standardPorts,
    inMemory: options.inMemory,
    hostnames: options.hostname,
    seedFile: options.seed,
    notice: (line) => console.terminal.notice(line),
  });
}

/** The one line on stdout that says: ready. */
async function announce(console: Console, hub: Discovery): Promise<void> {
  const { terminal } = console;
  const { hostName, httpsPort, mqttPort, amqpPort, pid, inMemory } = hub;
  if (console.options.output === 'json' || console.options.output === 'ndjson') {
    await terminal.print(JSON.stringify({ ready: true, hostName, httpsPort, mqttPort, amqpPort, pid, inMemory }));
    return;
  }
  const ports = `HTTPS ${httpsPort}, MQTT ${mqttPort}, AMQP ${amqpPort}`;
  await terminal.print(`Local hub ready at ${hostName} (${ports}; process ${pid}${inMemory ? '; in memory' : ''}).`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
