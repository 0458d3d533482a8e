import { ProgramHome, sees, stop } from './programs.ts';
import { HUB_READY, HUB_START } from '../rows/console-start.ts';

export interface RunningFleet {
  readonly pid: number;
  readonly programs: ProgramHome;
  /** From the first device that was connected to the last. */
  readonly connectingMs: number;
  close(): Promise<void>;
}

/** A fleet of simulated devices, all connected, on a local hub in a process of its own. */
export async function startFleet({
  count,
  args = [],
}: {
  count: number;
  args?: readonly string[];
}): Promise<RunningFleet> {
  const programs = new ProgramHome();
  const hub = programs.start('hub-admin', [...HUB_START, '--in-memory']);
  await sees(hub, HUB_READY);
  const fleet = programs.start('sim-device', [
    'fleet',
    '--count',
    String(count),
    '--prefix',
    'p-',
    '-o',
    'ndjson',
    ...args,
  ]);
  let connectingMs: number;
  try {
    connectingMs = await connected(fleet, count);
  } catch (error) {
    await stop(hub);
    throw error;
  }
  return {
    pid: fleet.pid ?? 0,
    programs,
    connectingMs,
    close: async () => {
      await stop(fleet);
      await stop(hub);
      programs.remove();
    },
  };
}

/** @returns milliseconds from the first to the last */
function connected(fleet: ReturnType<ProgramHome['start']>, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    let firstAt = 0;
    let err = '';
    let rest = '';
    fleet.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    fleet.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      const before = seen;
      seen += lines.filter((line) => line.includes('"event":"connected"')).length;
      if (before === 0 && seen > 0) firstAt = performance.now();
      if (before < count && seen >= count) resolve(performance.now() - firstAt);
    });
    fleet.once('exit', (code) => reject(new Error(`the fleet ended with ${String(code)}: ${err.slice(-2000)}`)));
  });
}
