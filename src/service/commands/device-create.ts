import type { Command } from 'commander';
import type { DeviceIdentity, JsonObject } from '../../sdk/service-documents.ts';
import { choice, wrongCall } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { IDENTITY_COLUMNS, identityCard, showIdentity } from '../identity-view.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { DEFAULT_CONCURRENCY, type Selection } from '../targets.ts';

const AUTHENTICATIONS = ['sas', 'self-signed', 'ca'] as const;
const STATUSES = ['enabled', 'disabled'] as const;

export interface CreateOptions {
  readonly status: (typeof STATUSES)[number];
  readonly auth: (typeof AUTHENTICATIONS)[number];
  readonly thumbprint?: string;
  readonly secondaryThumbprint?: string;
  readonly edge?: boolean;
  readonly showKeys?: boolean;
  readonly dryRun?: boolean;
}

type ParsedOptions = Omit<CreateOptions, 'status' | 'auth'> & {
  status?: CreateOptions['status'];
  auth?: CreateOptions['auth'];
  devicesFrom?: string;
};

export function addDeviceCreate(host: CommandHost): void {
  addCommand(host, {
    words: 'create [deviceId]',
    says: 'Register a device; the hub makes its keys.',
    usage: '<deviceId> | --devices-from <file>  [options]',
    examples: [
      'hub-admin device create pump-2',
      'hub-admin device create pump-3 --status disabled --show-keys -o json',
      'hub-admin device create pump-4 --auth ca',
    ],
  })
    .option(
      '--devices-from <file>',
      'register the devices in a file: one id a line, NDJSON or CSV with deviceId; - is stdin',
    )
    .option('--status <status>', 'enabled or disabled (default: enabled)', choice('--status', STATUSES))
    .option(
      '--auth <type>',
      'how it signs in: sas (keys), self-signed (thumbprints), ca (default: sas)',
      choice('--auth', AUTHENTICATIONS),
    )
    .option('--thumbprint <hex>', 'primary thumbprint of a self-signed certificate, SHA-1 or SHA-256')
    .option('--secondary-thumbprint <hex>', 'secondary thumbprint (default: the primary one)')
    .option('--edge', 'an IoT Edge device')
    .option('--show-keys', 'show the keys instead of masking them')
    .option('--dry-run', 'show what would be sent, send nothing')
    .action(async (deviceId: string | undefined, options: ParsedOptions, self: Command) => {
      const { devicesFrom, status = 'enabled', auth = 'sas', ...rest } = options;
      if (auth === 'self-signed' && options.thumbprint === undefined) {
        throw wrongCall(
          '--auth self-signed needs --thumbprint',
          'openssl x509 -in cert.pem -noout -fingerprint -sha256',
        );
      }
      await runDeviceCreate(host.open(self), chooseTargets(deviceId, devicesFrom), { ...rest, status, auth });
    });
}

export async function runDeviceCreate(console: Console, selection: Selection, options: CreateOptions): Promise<void> {
  const targets = { concurrency: DEFAULT_CONCURRENCY, ...(options.dryRun === true ? { dryRun: true } : {}) };
  await runOnTargets<DeviceIdentity>(console, selection, targets, {
    verb: 'create',
    run: async (deviceId) => {
      const created = await (await console.client()).createDevice({ deviceId, ...describe(options) });
      return { record: showIdentity(created, options.showKeys) };
    },
    plan: () => describe(options),
    render: (identity) => renderCard(identityCard(identity)),
    columns: IDENTITY_COLUMNS,
    secret: options.showKeys === true,
  });
}

function chooseTargets(deviceId: string | undefined, file: string | undefined): Selection {
  if (deviceId !== undefined && file === undefined) return { kind: 'device', deviceId };
  if (deviceId === undefined && file !== undefined) return { kind: 'file', file };
  throw wrongCall('give either a deviceId or --devices-from <file>');
}

function describe(options: CreateOptions): JsonObject {
  const capabilities = options.edge === true ? { capabilities: { iotEdge: true } } : {};
  return { status: options.status, ...capabilities, authentication: authentication(options) };
}

function authentication(options: CreateOptions): JsonObject {
  switch (options.auth) {
    case 'sas':
      // Empty keys ask the hub to make them (service-protocol.md, 4.2).
      return { type: 'sas', symmetricKey: { primaryKey: '', secondaryKey: '' } };
    case 'self-signed': {
      const primaryThumbprint = bare(options.thumbprint ?? '');
      const secondaryThumbprint = bare(options.secondaryThumbprint ?? primaryThumbprint);
      return { type: 'selfSigned', x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
    }
    case 'ca':
      return { type: 'certificateAuthority' };
  }
}

/** openssl prints thumbprints with colons. */
function bare(thumbprint: string): string {
  return thumbprint.replaceAll(':', '').toUpperCase();
}
