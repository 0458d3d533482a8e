import { setTimeout as delay } from 'node:timers/promises';
import type { Console } from '../console.ts';
import { quoteConstant, queryRows } from '../query-text.ts';

const POLL_MS = 1000;

/**
 * Resolves once a device meets a condition, the named one where one is named; the hub itself decides.
 *
 * @throws ProgramError `wrongCall` for a condition that is none
 */
export async function untilMet(
  console: Console,
  { deviceId, condition, signal }: { deviceId: string | undefined; condition: string; signal: AbortSignal },
): Promise<void> {
  const named = deviceId === undefined ? '' : `deviceId = ${quoteConstant(deviceId)} AND `;
  const query = `SELECT deviceId FROM devices WHERE ${named}(${condition})`;
  for (;;) {
    for await (const _row of queryRows(console, query, { pageSize: 1 })) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
