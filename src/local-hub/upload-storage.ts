import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HubServerOptions } from '../hub/index.ts';

interface UploadStorageOptions {
  readonly home: string;
  readonly storageConnectionString?: string | undefined;
  readonly notice: (line: string) => void;
}

/**
 * Where devices of a local hub upload files to, which is trusted when it shows a certificate of a well-known authority, of the
 * hub's own (an Azurite that was given `localhost.pem`), or of one in NODE_EXTRA_CA_CERTS.
 */
export function uploadStorageOf(
  { home, storageConnectionString, notice }: UploadStorageOptions,
  ownAuthority: string,
): HubServerOptions['fileUpload'] {
  if (storageConnectionString === undefined) return undefined;
  return {
    storageConnectionString,
    storageAuthorities: [ownAuthority, ...extraAuthorities(process.env['NODE_EXTRA_CA_CERTS'])],
    onStorageTrouble: (trouble) => notice(`warning: file uploads will fail: ${trouble}; ${azuriteHint(home)}`),
  };
}

/** Node takes them for itself only where no `ca` is named. */
function extraAuthorities(file: string | undefined): string[] {
  if (file === undefined || file === '') return [];
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return []; // Node says so itself when it starts
  }
}

/** `--loose`: without it Azurite answers 500 to `x-ms-encryption-algorithm`, which the SDKs' storage library sends. */
function azuriteHint(home: string): string {
  const certificate = `--cert ${join(home, 'localhost.pem')} --key ${join(home, 'localhost-key.pem')}`;
  return `Azurite has to speak HTTPS, as devices do: azurite --loose ${certificate}`;
}
