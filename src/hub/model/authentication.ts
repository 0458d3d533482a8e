import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { checkSymmetricKey, newKey, type RandomBytes, type SymmetricKey } from './shared-access-key.ts';

export interface X509Thumbprint {
  readonly primaryThumbprint: string | null;
  readonly secondaryThumbprint: string | null;
}

/** How a device or module proves who it is. */
export type Authentication =
  | { readonly type: 'sas'; readonly symmetricKey: SymmetricKey }
  | { readonly type: 'selfSigned'; readonly x509Thumbprint: X509Thumbprint }
  | { readonly type: 'certificateAuthority' }
  | { readonly type: 'none' };

const THUMBPRINT = /^([0-9A-F]{40}|[0-9A-F]{64})$/i;

/**
 * Reads the `authentication` of an identity. Absent: `sas` with fresh keys. Empty keys mean "make new ones", on update too.
 *
 * @throws HubError ArgumentInvalid
 * @see service-protocol.md, 4.2
 */
export function parseAuthentication(value: JsonValue | undefined, randomBytes: RandomBytes): Authentication {
  if (value === undefined || value === null) return { type: 'sas', symmetricKey: parseKeys({}, randomBytes) };
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', 'authentication must be a JSON object');
  const thumbprint = parseThumbprint(ownMember(value, 'x509Thumbprint'));
  const type = ownMember(value, 'type') ?? (hasThumbprint(thumbprint) ? 'selfSigned' : 'sas');
  switch (type) {
    case 'sas':
      return { type, symmetricKey: parseKeys(ownMember(value, 'symmetricKey'), randomBytes) };
    case 'selfSigned':
      if (!hasThumbprint(thumbprint))
        throw new HubError('ArgumentInvalid', 'selfSigned authentication needs a thumbprint');
      return { type, x509Thumbprint: thumbprint };
    case 'certificateAuthority':
    case 'none':
      return { type };
    default:
      throw new HubError(
        'ArgumentInvalid',
        `authentication.type must be sas, selfSigned, certificateAuthority or none, got ${JSON.stringify(type)}`,
      );
  }
}

function hasThumbprint(thumbprint: X509Thumbprint): boolean {
  return thumbprint.primaryThumbprint !== null || thumbprint.secondaryThumbprint !== null;
}

function parseKeys(value: JsonValue | undefined, randomBytes: RandomBytes): SymmetricKey {
  const keys: JsonObject = isJsonObject(value) ? value : {};
  const primaryKey = parseText('primaryKey', ownMember(keys, 'primaryKey'));
  const secondaryKey = parseText('secondaryKey', ownMember(keys, 'secondaryKey'));
  return checkSymmetricKey({
    primaryKey: primaryKey ?? newKey(randomBytes),
    secondaryKey: secondaryKey ?? newKey(randomBytes),
  });
}

function parseThumbprint(value: JsonValue | undefined): X509Thumbprint {
  const thumbprint: JsonObject = isJsonObject(value) ? value : {};
  const read = (name: keyof X509Thumbprint): string | null => {
    const text = parseText(name, ownMember(thumbprint, name));
    if (text !== undefined && !THUMBPRINT.test(text)) {
      throw new HubError('ArgumentInvalid', `${name} must be 40 (SHA-1) or 64 (SHA-256) hexadecimal digits`);
    }
    return text ?? null;
  };
  return { primaryThumbprint: read('primaryThumbprint'), secondaryThumbprint: read('secondaryThumbprint') };
}

/** Text, with the empty string as good as absent. */
function parseText(name: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `${name} must be a string`);
  return value;
}
