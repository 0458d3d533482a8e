import { formatDuration } from '../../terminal/index.ts';
import { type Check, found, skipped } from './finding.ts';

/** Tokens are refused from five minutes on; what is off by less than this is the network. */
const NOTABLE_MS = 60_000;
const TOO_MUCH_MS = 300_000;

/** Whether this machine and the hub agree on the time: a token says when it ends. */
export const checkClock: Check = ({ answers, hub }) => {
  const answer = answers?.find(({ dateMs }) => !Number.isNaN(dateMs));
  if (answer === undefined || hub === undefined) return skipped('clock', 'the hub did not tell its time');
  // The header has whole seconds.
  const aheadMs = Date.now() - answer.dateMs - 500;
  const details = { aheadMs: Math.round(aheadMs) };
  if (Math.abs(aheadMs) < NOTABLE_MS)
    return found({ check: 'clock', status: 'ok', message: 'agrees with the hub', details });
  const much = formatDuration(Math.round(Math.abs(aheadMs) / 1000) * 1000);
  const message = `the clock of this machine is ${much} ${aheadMs > 0 ? 'ahead of' : 'behind'} the hub's`;
  const fix = hub.address.local
    ? 'set the clock of this machine; if hub-admin hub clock shows that the hub was moved ahead, it is meant so, until hub-admin hub reset and a new start'
    : 'set the clock of this machine, and have it synchronised (NTP)';
  return found({
    check: 'clock',
    status: Math.abs(aheadMs) < TOO_MUCH_MS ? 'warning' : 'failed',
    message,
    fix,
    details,
  });
};
