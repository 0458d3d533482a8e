import { type Check, found, skipped } from './finding.ts';

const SLOW_MS = 1000;

/** How long the hub takes to answer on an open connection. */
export const checkLatency: Check = ({ answers }) => {
  // The first one pays for the connection.
  const times = answers?.slice(1).map(({ elapsedMs }) => elapsedMs) ?? [];
  if (times.length === 0) return skipped('latency', 'the hub cannot be asked');
  const ms = Math.round(Math.min(...times));
  const message = `the hub answers in ${ms} ms`;
  if (ms < SLOW_MS) return found({ check: 'latency', status: 'ok', message, details: { ms } });
  const fix =
    'commands on many devices take long: raise --concurrency, or work from a machine in the region of the hub';
  return found({ check: 'latency', status: 'warning', message, fix, details: { ms } });
};
