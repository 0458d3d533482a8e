import { setTimeout as delay } from 'node:timers/promises';
import type { Console } from '../console.ts';
import { quoteConstant, queryRows } from '../query-text.ts';
import { FIRST_QUERY_LIMIT_MS } from './device-filter.ts';
import { isUnreachable } from './reconnect.ts';

const POLL_MS = 1000;

/**
 * Resolves once a device meets a condition, the named one where one is named; the hub itself decides. A hub that answered once
 * and is away now is asked again.
 *
 * @throws ProgramError `wrongCall` for a condition that is none, `noHub` when the hub did not answer at first
 */
export async function untilMet(
  console: Console,
  { deviceId, condition, signal }: { deviceId: string | undefined; condition: string; signal: AbortSignal },
): Promise<void> {
  const named = deviceId === undefined ? '' : `deviceId = ${quoteConstant(deviceId)} AND `;
  const query = `SELECT deviceId FROM devices WHERE ${named}(${condition})`;
  for (let hasAnswered = false; ; hasAnswered = true) {
    try {
      for await (const _row of queryRows(console, query, { pageSize: 1, limitMs: FIRST_QUERY_LIMIT_MS })) return;
    } catch (error) {
      if (!hasAnswered || !isUnreachable(error)) throw error;
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
