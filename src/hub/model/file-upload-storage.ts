import { createHmac } from 'node:crypto';
import { Buffer } from 'node:buffer';

/** Where devices upload files to. */
export interface StorageAccount {
  readonly accountName: string;
  /** Base64. */
  readonly accountKey: string;
  /** `https://{account}.blob.core.windows.net`, or an emulator's `http://127.0.0.1:10000/devstoreaccount1`; no slash at the end. */
  readonly blobEndpoint: string;
}

/**
 * Azurite's own, in its documentation for everybody to use. Started plainly it speaks HTTP, but the device SDKs upload over
 * HTTPS whatever they are told (azure-iot-device, `blob_uploader.js`), so only one with a certificate serves them.
 */
const DEVELOPMENT_STORAGE: StorageAccount = {
  accountName: 'devstoreaccount1',
  accountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  blobEndpoint: 'https://127.0.0.1:10000/devstoreaccount1',
};

/**
 * Reads an Azure Storage connection string, `UseDevelopmentStorage=true` included.
 *
 * @throws Error that names what is missing, without the key
 */
export function parseStorageConnectionString(text: string): StorageAccount {
  const fields = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  if (fields.get('usedevelopmentstorage')?.toLowerCase() === 'true') return DEVELOPMENT_STORAGE;
  const accountName = fields.get('accountname');
  const accountKey = fields.get('accountkey');
  if (!accountName || !accountKey) {
    throw new Error('the storage connection string needs AccountName and AccountKey, or UseDevelopmentStorage=true');
  }
  const protocol = fields.get('defaultendpointsprotocol') ?? 'https';
  const suffix = fields.get('endpointsuffix') ?? 'core.windows.net';
  const blobEndpoint = fields.get('blobendpoint') ?? `${protocol}://${accountName}.blob.${suffix}`;
  if (!URL.canParse(blobEndpoint)) throw new Error(`the BlobEndpoint '${blobEndpoint}' is not a URL`);
  return { accountName, accountKey, blobEndpoint: blobEndpoint.replace(/\/$/, '') };
}

/** Older than what devices' SDKs ask for, and known to Azurite as well. */
const SAS_VERSION = '2019-12-12';

export interface BlobAccess {
  readonly container: string;
  readonly blobName: string;
  /** `r` read, `w` write: in this order. */
  readonly permissions: 'r' | 'rw';
  readonly endsMs: number;
}

/**
 * A shared access signature for one blob, from `?` on.
 *
 * @see Azure Storage, "Create a service SAS", version 2018-11-09 and later
 */
export function signBlobAccess(account: StorageAccount, access: BlobAccess): string {
  const expiry = storageTime(access.endsMs);
  const resource = `/blob/${account.accountName}/${access.container}/${access.blobName}`;
  const unused = '';
  const signature = sign(account, [
    access.permissions,
    unused, // start
    expiry,
    resource,
    unused, // stored policy
    unused, // IP range
    unused, // protocol
    SAS_VERSION,
    'b',
    unused, // snapshot
    ...Array<string>(5).fill(unused), // answer headers
  ]);
  return query({ sv: SAS_VERSION, sr: 'b', sig: signature, se: expiry, sp: access.permissions });
}

/** A shared access signature that creates containers, from `?` on. @see Azure Storage, "Create an account SAS" */
export function signContainerCreation(account: StorageAccount, endsMs: number): string {
  const expiry = storageTime(endsMs);
  // account, permissions, services, resource types, start, expiry, IP range, protocol, version, and an empty line
  const signature = sign(account, [account.accountName, 'cw', 'b', 'c', '', expiry, '', '', SAS_VERSION, '']);
  return query({ sv: SAS_VERSION, ss: 'b', srt: 'c', sig: signature, se: expiry, sp: 'cw' });
}

function sign({ accountKey }: StorageAccount, lines: readonly string[]): string {
  return createHmac('sha256', Buffer.from(accountKey, 'base64')).update(lines.join('\n')).digest('base64');
}

/** Whole seconds, as storage wants them. */
function storageTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function query(parameters: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `?${pairs.join('&')}`;
}
