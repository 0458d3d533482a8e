import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HubError } from './hub-error.ts';
import { SAS_CLOCK_SKEW_SECONDS } from './limits.ts';

const URL_SCHEME = /^[a-z]+:\/\//i;

/** A shared access signature as it came: `resource` still encoded, since that text is what was signed. */
export interface SasToken {
  /** `sr` exactly as transmitted. */
  readonly resource: string;
  readonly signature: string;
  /** `se`: seconds since 1970, UTC. */
  readonly expirySeconds: number;
  readonly expiryText: string;
  /** `skn`; undefined for a token signed with a device's own key. */
  readonly policyName: string | undefined;
}

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, fields in any order and letter case.
 *
 * @throws HubError IotHubUnauthorizedAccess when a part is missing or no number
 * @see device-protocol.md, 2.2
 */
export function parseSasToken(text: string): SasToken {
  const [scheme, fieldsText, ...rest] = text.trim().split(/\s+/);
  if (scheme?.toLowerCase() === 'bearer') throw entraToken();
  if (scheme !== 'SharedAccessSignature' || fieldsText === undefined || rest.length > 0) throw unauthorized();
  const fields = new Map(fieldsText.split('&').map(splitField));
  const resource = fields.get('sr');
  const signature = decode(fields.get('sig'));
  const expiryText = decode(fields.get('se'));
  const policyName = decode(fields.get('skn'));
  if (!resource || !signature || !expiryText || !/^\d{1,15}$/.test(expiryText)) throw unauthorized();
  return {
    resource,
    signature,
    expiryText,
    expirySeconds: Number(expiryText),
    policyName: policyName === '' ? undefined : policyName,
  };
}

/**
 * Whether one of the base64 keys made this token. Compares in constant time.
 *
 * IoT Hub's SDKs sign with the decoded key, those of Event Hubs with its text: theirs name the resource as a URL (`sb://…`).
 */
export function isSignedWith(token: SasToken, keys: readonly string[]): boolean {
  const signature = Buffer.from(token.signature, 'base64');
  const signed = `${token.resource}\n${token.expiryText}`;
  const encodings = URL_SCHEME.test(decode(token.resource) ?? '')
    ? (['base64', 'utf8'] as const)
    : (['base64'] as const);
  const secrets = keys.flatMap((key) => encodings.map((encoding) => Buffer.from(key, encoding)));
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(signed, 'utf8').digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  });
}

/** The moment after which the hub no longer takes the token, clock skew granted. */
export function tokenEndMs(token: SasToken): number {
  return (token.expirySeconds + SAS_CLOCK_SKEW_SECONDS) * 1000;
}

/**
 * Whether the token speaks of this resource: the host compared without case and port, then a prefix by path segment.
 * Device and module ids are compared without case, as the hub does, since some encoders lower-case the whole URI.
 *
 * @param path segments below the host, decoded: `['devices', 'a']`; empty for the hub itself
 * @param minSegments how much of the path the token must name: a device's own key never speaks for the whole hub
 */
export function coversResource(
  token: SasToken,
  hostNames: ReadonlySet<string>,
  path: readonly string[],
  minSegments = 0,
): boolean {
  const decoded = decode(token.resource);
  if (decoded === undefined) return false;
  const [host = '', ...segments] = decoded.replace(URL_SCHEME, '').split('/');
  if (!hostNames.has(host.toLowerCase().replace(/:\d+$/, ''))) return false;
  const scope = segments.filter((segment) => segment !== '');
  if (scope.length < minSegments) return false;
  return scope.every((segment, i) => i < path.length && segment.toLowerCase() === path[i]?.toLowerCase());
}

/** The segments below the host that a token speaks of, decoded: `['devices', 'a']`; none for the whole hub. */
export function resourcePath(token: SasToken): readonly string[] {
  const [, ...segments] = (decode(token.resource) ?? '').replace(URL_SCHEME, '').split('/');
  return segments.filter((segment) => segment !== '');
}

function splitField(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? [field.toLowerCase(), ''] : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a stray % is a malformed token, which the caller refuses
  }
}

/** The one refusal for anything wrong with a token: the hub does not say what. */
export function unauthorized(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
}

/** A token of another kind than this hub has keys for: said, so that nobody looks for a mistake in the token. */
export function entraToken(): HubError {
  return new HubError(
    'IotHubUnauthorizedAccess',
    'tokens of Microsoft Entra ID (Bearer, jwt) are not served by this hub: sign with the key of a shared access policy',
  );
}
