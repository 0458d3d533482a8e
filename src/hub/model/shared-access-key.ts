import { Buffer } from 'node:buffer';
import { HubError } from './hub-error.ts';

export interface SymmetricKey {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

/** Returns `size` random bytes. */
export type RandomBytes = (size: number) => Buffer;

const KEY_BYTES = 32;
const MIN_KEY_BYTES = 16;
const MAX_KEY_BYTES = 64;

export function newKey(randomBytes: RandomBytes): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

export function newSymmetricKey(randomBytes: RandomBytes): SymmetricKey {
  return { primaryKey: newKey(randomBytes), secondaryKey: newKey(randomBytes) };
}

/**
 * Checks a pair of keys that a caller chose.
 *
 * @throws HubError ArgumentInvalid unless both are base64 of 16 to 64 bytes
 */
export function checkSymmetricKey(key: SymmetricKey): SymmetricKey {
  for (const [name, text] of Object.entries(key) as [string, string][]) {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
      throw new HubError('ArgumentInvalid', `${name} is not base64`);
    }
    if (bytes.length < MIN_KEY_BYTES || bytes.length > MAX_KEY_BYTES) {
      throw new HubError(
        'ArgumentInvalid',
        `${name} must be ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes, it has ${bytes.length}`,
      );
    }
  }
  return key;
}
