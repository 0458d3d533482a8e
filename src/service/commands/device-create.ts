import { resolve } from 'node:path';
import type { Command } from 'commander';
import { choice, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { CERTIFICATE_DAYS } from '../device-certificate.ts';
import { type Registered, registerBatch, registerOne, type Registration, type SignIn } from '../device-registration.ts';
import { IDENTITY_COLUMNS, identityCard } from '../identity-view.ts';
import { runOnTargets } from '../run-on-targets.ts';
import type { Selection } from '../targets.ts';

const STATUSES = ['enabled', 'disabled'] as const;
const MOST_DEVICES = 1_000_000;

export type CreateOptions = Registration & { readonly dryRun: boolean };

interface ParsedOptions {
  readonly count?: number;
  readonly prefix?: string;
  readonly start?: number;
  readonly devicesFrom?: string;
  readonly status?: (typeof STATUSES)[number];
  readonly module?: string;
  readonly x509?: boolean;
  readonly thumbprint?: string;
  readonly secondaryThumbprint?: string;
  readonly certDir?: string;
  readonly ca?: boolean;
  readonly edge?: boolean;
  readonly showKeys?: boolean;
  readonly dryRun?: boolean;
}

export function addDeviceCreate(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'create [deviceIds...]',
    usage: '<deviceId…> | --count <n> | --devices-from <file>  [options]',
    examples: [
      'hub-admin device create pump-2',
      'hub-admin device create pump-3 pump-4 --status disabled -o json',
      'hub-admin device create --count 250 --prefix meter- -o ndjson',
      'hub-admin device create pump-5 --x509',
      'hub-admin device create pump-6 --ca',
      'hub-admin device create pump-2 --module camera',
    ],
  });
  addWhich(command);
  addHow(command).action(async (words: string[], options: ParsedOptions, self: Command) => {
    const console = host.open(self);
    await runDeviceCreate(console, chooseDevices(words, options), readOptions(console, options));
  });
}

function addWhich(command: Command): Command {
  return command
    .option(
      '--count <n>',
      `register so many, 1 to ${MOST_DEVICES}`,
      wholeNumber('--count', { min: 1, max: MOST_DEVICES }),
    )
    .option('--prefix <text>', 'with --count: device ids are this and the index (default: device-)')
    .option('--start <n>', 'with --count: the first index (default: 1)', wholeNumber('--start', { min: 0, max: 1e9 }))
    .option(
      '--devices-from <file>',
      'register the devices in a file: one id a line, NDJSON or CSV with deviceId; - is stdin',
    );
}

function addHow(command: Command): Command {
  return command
    .option('--status <status>', 'enabled or disabled (default: enabled)', choice('--status', STATUSES))
    .option('--module <moduleId>', 'register this module of devices that are there already')
    .option(
      '--x509',
      `sign in with a self-signed certificate: one for ${CERTIFICATE_DAYS} days is made, unless there is --thumbprint`,
    )
    .option('--cert-dir <folder>', 'where --x509 writes <deviceId>.cert.pem and .key.pem (default: this folder)')
    .option('--thumbprint <hex>', 'thumbprint of the self-signed certificate, SHA-1 or SHA-256')
    .option('--secondary-thumbprint <hex>', 'another certificate that it may sign in with (default: the same)')
    .option('--ca', 'sign in with a certificate that a CA registered at the hub has signed')
    .option('--edge', 'an IoT Edge device')
    .option('--show-keys', 'show the keys instead of masking them')
    .option('--dry-run', 'show which devices and how, send nothing');
}

export async function runDeviceCreate(console: Console, selection: Selection, options: CreateOptions): Promise<void> {
  const targets = { dryRun: options.dryRun };
  await runOnTargets<Registered>(console, selection, targets, {
    verb: 'create',
    run: async (deviceId) => ({ record: await registerOne(console, deviceId, options) }),
    runBatch: (deviceIds) => registerBatch(console, deviceIds, options),
    plan: () => planOf(options),
    render: (identity) => renderCard(identityCard(identity)),
    columns: IDENTITY_COLUMNS,
    secret: options.showKeys,
    next: nextCommand,
  });
}

function chooseDevices(words: readonly string[], options: ParsedOptions): Selection {
  const { count, devicesFrom, prefix = 'device-', start = 1 } = options;
  if (count === undefined && (options.prefix !== undefined || options.start !== undefined)) {
    throw wrongCall('--prefix and --start go with --count', 'for instance --count 100 --prefix pump-');
  }
  const ways = [words.length > 0, count !== undefined, devicesFrom !== undefined].filter(Boolean).length;
  if (ways !== 1) {
    throw wrongCall(
      ways === 0 ? 'no device named' : 'the devices are named in more than one way',
      'give deviceIds, or --count <n>, or --devices-from <file>',
    );
  }
  if (devicesFrom !== undefined) return { kind: 'file', file: devicesFrom };
  if (count !== undefined) {
    return { kind: 'ids', deviceIds: Array.from({ length: count }, (_, index) => `${prefix}${start + index}`) };
  }
  const [deviceId = '', ...more] = words;
  return more.length === 0 ? { kind: 'device', deviceId } : { kind: 'ids', deviceIds: words };
}

function readOptions(console: Console, options: ParsedOptions): CreateOptions {
  if (options.module !== undefined && (options.edge === true || options.status !== undefined)) {
    throw wrongCall('a module has no --status and is no --edge device');
  }
  return {
    status: options.status ?? 'enabled',
    signIn: readSignIn(console, options),
    edge: options.edge === true,
    moduleId: options.module,
    showKeys: options.showKeys === true,
    dryRun: options.dryRun === true,
  };
}

function readSignIn(console: Console, options: ParsedOptions): SignIn {
  const { thumbprint, secondaryThumbprint, certDir } = options;
  if (options.ca === true) {
    const other = options.x509 === true || thumbprint !== undefined || secondaryThumbprint !== undefined;
    if (other) throw wrongCall('either --ca, or --x509 with or without --thumbprint, not both');
    return { kind: 'ca' };
  }
  if (thumbprint !== undefined) {
    const primary = readThumbprint('--thumbprint', thumbprint);
    const secondary =
      secondaryThumbprint === undefined ? primary : readThumbprint('--secondary-thumbprint', secondaryThumbprint);
    return { kind: 'thumbprint', primary, secondary };
  }
  if (secondaryThumbprint !== undefined) throw wrongCall('--secondary-thumbprint goes with --thumbprint');
  if (options.x509 === true) return { kind: 'newCertificate', folder: resolve(console.cwd, certDir ?? '.') };
  if (certDir !== undefined) throw wrongCall('--cert-dir goes with --x509');
  return { kind: 'sas' };
}

/** openssl prints thumbprints with colons. */
function readThumbprint(name: string, text: string): string {
  const bare = text.replaceAll(':', '').toUpperCase();
  if (/^([0-9A-F]{40}|[0-9A-F]{64})$/.test(bare)) return bare;
  throw wrongCall(
    `${name} must be the 40 or 64 hexadecimal digits of SHA-1 or SHA-256, got "${text}"`,
    'openssl x509 -in cert.pem -noout -fingerprint -sha256',
  );
}

/** Without the keys: they are made when it happens. */
function planOf({ status, signIn, edge, moduleId }: CreateOptions): object {
  const authentication = {
    sas: 'sas',
    thumbprint: 'selfSigned',
    newCertificate: 'selfSigned',
    ca: 'certificateAuthority',
  };
  return {
    ...(moduleId === undefined ? { status } : { moduleId }),
    ...(edge ? { capabilities: { iotEdge: true } } : {}),
    authentication: { type: authentication[signIn.kind] },
  };
}

function nextCommand(identity: Registered): string[] {
  const { deviceId, certificateFile, keyFile } = identity;
  const moduleId = identity['moduleId'];
  if (typeof moduleId === 'string') return ['hub-admin', 'twin', 'show', deviceId, '--module', moduleId];
  const certificate =
    certificateFile === undefined || keyFile === undefined ? [] : ['--cert', certificateFile, '--key', keyFile];
  return ['sim-device', '-d', deviceId, ...certificate];
}
