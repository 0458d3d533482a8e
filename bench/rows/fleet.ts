import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes, timed } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { startFleet } from '../support/fleet.ts';

const FEW = 10;
const REBOOT_SECONDS = 5;
const SETTLE_MS = 3000;
/** The hub and this machine decide how fast devices connect. */
const ARGS = ['--connect-rate', '100000', '--reboot-seconds', String(REBOOT_SECONDS)];
const REBOOT_ALL = ['reboot', '--all', '--yes', '--timeout', '10m', '-o', 'ndjson'];

interface Figures {
  readonly kilobytes: number;
  readonly connectsPerSecond: number;
  readonly rebootSeconds: number;
}

/** What a fleet in one process costs, and how that grows from 1,000 devices to 10,000. */
export const fleet: Row = {
  name: 'fleet',
  run: async (say) => {
    const small = await measure(1000, say);
    const large = await measure(10_000, say);
    const compare = (what: string, unit: string, of: keyof Figures, goal: Comparison['goal']): Comparison => ({
      what: `${what}, 10,000 simulated devices in one process on one local hub`,
      ours: large[of],
      peer: small[of],
      peerName: 'with 1,000',
      unit,
      goal,
    });
    return [
      compare('memory a device', 'KB', 'kilobytes', { kind: 'ratioAtMost', limit: 1.1 }),
      compare('connects a second', '/s', 'connectsPerSecond', { kind: 'ratioAtLeast', limit: 0.8 }),
      compare('reboot of all, whole command', 's', 'rebootSeconds', { kind: 'ratioAtMost', limit: 10 }),
    ];
  },
};

async function measure(count: number, say: (line: string) => void): Promise<Figures> {
  const fewBytes = await memoryOf(FEW);
  const running = await startFleet({ count, args: ARGS });
  try {
    await delay(SETTLE_MS);
    const kilobytes = (residentBytes(running.pid) - fewBytes) / (count - FEW) / 1024;
    const connectsPerSecond = (count / running.connectingMs) * 1000;
    say(`${amount(count)} devices: ${amount(kilobytes)} KB each, ${amount(connectsPerSecond)} connects/s`);
    const rebootSeconds = (await timed(() => running.programs.run('hub-admin', REBOOT_ALL))) / 1000;
    say(`${amount(count)} devices rebooted in ${amount(rebootSeconds)} s, ${REBOOT_SECONDS} s being the reboot itself`);
    return { kilobytes, connectsPerSecond, rebootSeconds };
  } finally {
    await running.close();
  }
}

async function memoryOf(count: number): Promise<number> {
  const running = await startFleet({ count, args: ARGS });
  try {
    await delay(SETTLE_MS);
    return residentBytes(running.pid);
  } finally {
    await running.close();
  }
}
