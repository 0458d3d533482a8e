import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { readSettings, type Settings } from '../../config/index.ts';
import type { DeviceCertificate } from '../../sdk/device-credentials.ts';
import type { ConnectorSettings } from '../../sdk/device-sdk.ts';
import { choice, wrongCall } from '../../terminal/index.ts';
import { EVENT_FORMATS, type EventFormat } from '../event-output.ts';

/** Which hub, how to get there, and what comes out: the same for every command that connects. */
export interface SharedOptions {
  readonly create?: true;
  readonly protocol: Protocol;
  readonly cert?: string;
  readonly key?: string;
  readonly modelId?: string;
  readonly envFile?: string;
  readonly hub?: 'local';
  readonly output: EventFormat;
  readonly verbose?: true;
}

const PROTOCOLS = ['mqtt', 'mqtt-ws', 'amqp', 'amqp-ws'] as const;
type Protocol = (typeof PROTOCOLS)[number];

export function addSharedOptions(command: Command): Command {
  return command
    .option('--create', 'with a service connection string: register the device if the hub does not know it')
    .addOption(
      new Option('-p, --protocol <name>', `how to connect: ${PROTOCOLS.join(', ')}`)
        .default('mqtt')
        .argParser(choice('--protocol', PROTOCOLS)),
    )
    .option('--cert <pem>', 'X.509: file with the certificate, instead of a shared access key')
    .option('--key <pem>', 'X.509: file with the private key of --cert')
    .option('--model-id <dtmi>', 'Plug and Play model id, such as dtmi:com:example:Thermostat;1')
    .addOption(new Option('--hub <which>', 'use the local hub, whatever is set').argParser(choice('--hub', ['local'])))
    .option('--env-file <file>', 'read settings from this file instead of .env')
    .addOption(
      new Option('-o, --output <format>', `events on stdout as ${EVENT_FORMATS.join(' or ')} (one JSON object a line)`)
        .default('text')
        .argParser(choice('--output', EVENT_FORMATS)),
    )
    .option('--verbose', 'more on stderr: causes, timing')
    .option('--no-color', 'no colours');
}

export function settingsOf({ envFile, hub }: Pick<SharedOptions, 'envFile' | 'hub'>): Settings {
  return readSettings({ env: process.env, cwd: process.cwd(), envFile, hub });
}

/** @throws ProgramError `wrongCall` for a certificate that cannot be read, a model id that is none */
export function connectorSettingsOf(options: SharedOptions): ConnectorSettings {
  return { protocol: options.protocol, certificate: certificateOf(options), modelId: modelIdOf(options.modelId) };
}

function certificateOf({ cert, key }: SharedOptions): DeviceCertificate | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw wrongCall(`--cert and --key go together, only --${cert === undefined ? 'key' : 'cert'} was given`);
  }
  return { cert: readPem('--cert', cert), key: readPem('--key', key) };
}

function readPem(flag: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`the file of ${flag} cannot be read: ${reason}`);
  }
  if (!text.includes('-----BEGIN ')) throw wrongCall(`${flag} ${file} is no PEM file: it has no "-----BEGIN" line`);
  return text;
}

function modelIdOf(modelId: string | undefined): string | undefined {
  if (modelId === undefined || /^dtmi:[A-Za-z][\w:]*;[1-9]\d*(\.\d+)?$/.test(modelId)) return modelId;
  throw wrongCall(
    `--model-id must be a digital twin model id, got "${modelId}"`,
    'for example dtmi:com:example:Thermostat;1',
  );
}
