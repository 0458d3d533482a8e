/** The one redactor: what passes through it holds no key, whoever wrote it. */

const MASK = '***';
/** Shorter texts would blank out ordinary words; no key of a hub is this short. */
const MIN_SECRET_LENGTH = 8;

const secrets = new Set<string>();

/** What a secret looks like where nobody registered it: a field of a connection string, a token's signature, a key in an identity. */
const PATTERNS: readonly [RegExp, string][] = [
  [/((?:SharedAccessKey|AccountKey)\s*=\s*)[^;\s"'&]+/gi, `$1${MASK}`],
  [/([?&\s"]sig=)[^&;\s"']+/gi, `$1${MASK}`],
  [/("(?:primaryKey|secondaryKey|sharedAccessKey|ownerKey)"\s*:\s*")[^"]+"/g, `$1${MASK}"`],
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/g, MASK],
];

/** Remembers a value that must never be shown; its percent-encoded form counts too. */
export function addSecret(value: string): void {
  if (value.length < MIN_SECRET_LENGTH) return;
  secrets.add(value);
  secrets.add(encodeURIComponent(value));
}

/** `text` without secrets. */
export function redact(text: string): string {
  let shown = text;
  for (const secret of secrets) shown = shown.replaceAll(secret, MASK);
  for (const [pattern, replacement] of PATTERNS) shown = shown.replace(pattern, replacement);
  return shown;
}
