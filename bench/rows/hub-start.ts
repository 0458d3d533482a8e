import { setTimeout as delay } from 'node:timers/promises';
import { median, residentBytes, timed } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';
import { ProgramHome, sees, stop } from '../support/programs.ts';
import { HUB_READY, HUB_START } from './console-start.ts';

const RUNS = 7;
const TWINS = 100_000;
const MB = 1024 * 1024;
/** Until what the start left behind was collected. */
const IDLE_MS = 3000;

interface Start {
  readonly ms: number;
  readonly idleMb: number;
}

export const hubStart: Row = {
  name: 'hub-start',
  run: async (say) => {
    const programs = new ProgramHome();
    try {
      await programs.run('node', ['-e', '0']);
      await start(programs, 0); // makes the certificates
      const bare: number[] = [];
      const empty: Start[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        bare.push(await timed(() => programs.run('node', ['-e', '0'])));
        empty.push(await start(programs, run === 0 ? IDLE_MS : 0));
      }
      const seeder = new Child('seed-home');
      await seeder.ask('seed', { home: programs.home, count: TWINS });
      await seeder.close();
      say(`${amount(TWINS)} twins are there`);
      const full: Start[] = [];
      for (let run = 0; run < 3; run += 1) full.push(await start(programs, run === 0 ? IDLE_MS : 0));
      const floor = { peer: median(bare), peerName: 'node -e 0' };
      const fullMs = median(full.map(({ ms }) => ms));
      const emptyMs = median(empty.map(({ ms }) => ms));
      const comparisons: Comparison[] = [
        {
          what: 'hub start to ready, empty',
          ours: emptyMs,
          ...floor,
          unit: 'ms',
          goal: { kind: 'ratioAtMost', limit: 4 },
          notes: [
            `with ${amount(TWINS)} twins ${amount(fullMs)} ms: ${amount(((fullMs - emptyMs) / TWINS) * 1000)} µs a twin; ` +
              `${amount(full[0]?.idleMb ?? Number.NaN)} MB resident then`,
          ],
        },
        {
          what: `resident memory of an empty hub, idle for ${IDLE_MS / 1000} s`,
          ours: empty[0]?.idleMb ?? Number.NaN,
          peer: await bareMb(programs),
          peerName: 'an idle node',
          unit: 'MB',
          goal: { kind: 'atMost', limit: 90 },
        },
      ];
      return comparisons;
    } finally {
      programs.remove();
    }
  },
};

async function start(programs: ProgramHome, idleMs: number): Promise<Start> {
  const begin = performance.now();
  const hub = programs.start('hub-admin', HUB_START);
  try {
    await sees(hub, HUB_READY);
    const ms = performance.now() - begin;
    await delay(idleMs);
    return { ms, idleMb: residentBytes(hub.pid ?? 0) / MB };
  } finally {
    await stop(hub);
  }
}

async function bareMb(programs: ProgramHome): Promise<number> {
  const node = programs.start('node', ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  try {
    await sees(node, 'up');
    await delay(IDLE_MS);
    return residentBytes(node.pid ?? 0) / MB;
  } finally {
    node.kill('SIGKILL');
  }
}
