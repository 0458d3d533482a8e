import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the hub said, for the next few presses of the key. */
interface Cached {
  /** Which hub, and as whom. */
  readonly source: string;
  readonly prefix: string;
  readonly ids: readonly string[];
  /** There are no more with this prefix. */
  readonly complete: boolean;
}

const LIFETIME_MS = 5_000;

/** The ids that begin with `prefix`, if the hub was asked for them or for more of them a moment ago. */
export function readCache(home: string, source: string, prefix: string): readonly string[] | undefined {
  const cached = read(home);
  if (cached?.source !== source || Date.now() - cached.atMs > LIFETIME_MS || Date.now() < cached.atMs) return undefined;
  const covers = cached.prefix === prefix || (cached.complete && prefix.startsWith(cached.prefix));
  return covers ? cached.ids.filter((id) => id.startsWith(prefix)) : undefined;
}

/** For the user alone. A cache that cannot be written is none. */
export function writeCache(home: string, cached: Cached): void {
  const temporary = `${fileOf(home)}.${process.pid}.tmp`;
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, JSON.stringify({ ...cached, atMs: Date.now() }), { mode: 0o600 });
    renameSync(temporary, fileOf(home));
  } catch {
    // The next one asks the hub again.
  }
}

function read(home: string): (Cached & { readonly atMs: number }) | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(home), 'utf8'));
    return isCached(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCached(value: unknown): value is Cached & { readonly atMs: number } {
  if (typeof value !== 'object' || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  const ids = members.get('ids');
  return (
    typeof members.get('source') === 'string' &&
    typeof members.get('prefix') === 'string' &&
    typeof members.get('complete') === 'boolean' &&
    typeof members.get('atMs') === 'number' &&
    Array.isArray(ids) &&
    ids.every((id) => typeof id === 'string')
  );
}

function fileOf(home: string): string {
  return join(home, 'completion.json');
}
