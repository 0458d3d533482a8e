import { isObject } from '../../sdk/service-documents.ts';
import type { Console } from '../console.ts';
import { completeQuery, queryRows } from '../query-text.ts';

const REFRESH_MS = 15_000;
/** A monitor that cannot begin says so within ten seconds. */
export const FIRST_QUERY_LIMIT_MS = 6000;

/** Which devices are shown. */
export interface DeviceFilter {
  shows(deviceId: string): boolean;
}

/**
 * The devices that meet a condition; the hub says which they are, at the start and every 15 seconds until `signal`.
 *
 * @throws ProgramError `wrongCall` for a condition that is none
 */
export async function openDeviceFilter(
  console: Console,
  { deviceId, where, signal }: { deviceId: string | undefined; where: string | undefined; signal: AbortSignal },
): Promise<DeviceFilter> {
  const isNamed = (id: string): boolean => deviceId === undefined || id === deviceId;
  if (where === undefined) return { shows: isNamed };
  let ids = await queryIds(console, where);
  const refresh = setInterval(() => {
    queryIds(console, where).then(
      (found) => (ids = found),
      () => undefined, // the next time will do
    );
  }, REFRESH_MS);
  const stop = (): void => clearInterval(refresh);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return { shows: (id) => isNamed(id) && ids.has(id) };
}

async function queryIds(console: Console, where: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const row of queryRows(console, completeQuery(where, 'deviceId'), { limitMs: FIRST_QUERY_LIMIT_MS })) {
    const id = isObject(row) ? row['deviceId'] : undefined;
    if (typeof id === 'string') ids.add(id);
  }
  return ids;
}
