import { setTimeout as delay } from 'node:timers/promises';
import type { TestHub } from './test-hub.ts';
import type { TestTwin } from './test-twin.ts';

/** What is waited for: a test of the twin, or a condition of the IoT Hub query language. */
export type TwinCondition = ((twin: TestTwin) => boolean) | string;

export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * Waits until the twin of a device meets a condition.
 *
 *     await waitForTwin(hub, 'pump', (twin) => twin.properties.reported.status === 'Success');
 *     await waitForTwin(hub, 'pump', "properties.reported.status = 'Success'");
 *
 * @returns the twin as it was then
 * @throws Error that shows the twin when the time is up; whatever the hub refuses: an unknown device, a malformed condition
 */
export async function waitForTwin(
  hub: TestHub,
  deviceId: string,
  condition: TwinCondition,
  options: WaitOptions = {},
): Promise<TestTwin> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const isLast = performance.now() >= endsAt;
    const twin = await hub.getTwin(deviceId);
    if (await isMet(hub, twin, condition)) return twin;
    if (isLast) throw new Error(failure(twin, condition, timeoutMs));
    await delay(POLL_MS, undefined, { ...(options.signal === undefined ? {} : { signal: options.signal }) });
  }
}

async function isMet(hub: TestHub, twin: TestTwin, condition: TwinCondition): Promise<boolean> {
  if (typeof condition !== 'string') return condition(twin);
  const rows = await hub.query(`SELECT deviceId FROM devices WHERE deviceId = '${twin.deviceId}' AND (${condition})`);
  return rows.length > 0;
}

function failure(twin: TestTwin, condition: TwinCondition, timeoutMs: number): string {
  const wanted = typeof condition === 'string' ? condition : condition.toString();
  const { connectionState, tags, properties } = twin;
  const shown = JSON.stringify({ connectionState, tags, properties: withoutMetadata(properties) }, null, 2);
  return `the twin of "${twin.deviceId}" did not meet the condition within ${timeoutMs} ms: ${wanted}\nit is ${shown}`;
}

function withoutMetadata(properties: TestTwin['properties']): object {
  return Object.fromEntries(
    Object.entries(properties).map(([name, section]) => [
      name,
      Object.fromEntries(Object.entries(section).filter(([member]) => member !== '$metadata')),
    ]),
  );
}
