import type { Console } from '../console.ts';
import { checkClock } from './clock-check.ts';
import { checkConnectionStrings } from './connection-string-check.ts';
import { checkDns } from './dns-check.ts';
import type { Check, Finding, Known } from './finding.ts';
import { checkLatency } from './latency-check.ts';
import { checkPermissions } from './permission-check.ts';
import { checkPorts } from './port-check.ts';
import { checkProxy } from './proxy-check.ts';
import { checkSettings } from './settings-check.ts';
import { checkTls } from './tls-check.ts';

/** In this order: each stands on what the ones before have found out. */
const CHECKS: readonly Check[] = [
  checkSettings,
  checkConnectionStrings,
  checkProxy,
  checkDns,
  checkPorts,
  checkTls,
  checkPermissions,
  checkClock,
  checkLatency,
];

/** Everything that can be found out about the way from here to the hub, one finding after the other. */
export async function* examine(console: Console): AsyncGenerator<Finding, void, void> {
  let known: Known = { console };
  for (const check of CHECKS) {
    const { findings, learned } = await check(known);
    console.signal.throwIfAborted();
    yield* findings;
    known = { ...known, ...learned };
  }
}
