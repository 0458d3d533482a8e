import { setTimeout as delay } from 'node:timers/promises';
import { findRunningHub, type Discovery } from '../config/index.ts';
import { ProgramError } from '../terminal/index.ts';

const POLL_MS = 50;

/**
 * Waits for the discovery file of a hub that another process is just starting.
 *
 * @throws ProgramError noHub when it does not come in time
 */
export async function waitForRunningHub(
  home: string,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Discovery> {
  const endsMs = performance.now() + timeoutMs;
  while (performance.now() < endsMs) {
    const discovery = await findRunningHub(home);
    if (discovery !== undefined) return discovery;
    await delay(POLL_MS, undefined, { signal });
  }
  throw new ProgramError(
    'noHub',
    'NoHub',
    `the local hub of ${home} did not become ready within ${timeoutMs / 1000} s`,
    {
      hint: 'see what holds it up: hub-admin hub status',
    },
  );
}
