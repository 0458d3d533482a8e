import { median, timed } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { ProgramHome, sees, stop } from '../support/programs.ts';

const RUNS = 11;

export const consoleStart: Row = {
  name: 'console-start',
  run: async () => {
    const programs = new ProgramHome();
    const hub = programs.start('hub-admin', HUB_START);
    try {
      await sees(hub, HUB_READY);
      await programs.run('hub-admin', ['device', 'create', 'pump-1']);
      const commands = {
        bare: () => programs.run('node', ['-e', '0']),
        help: () => programs.run('hub-admin', ['--help']),
        query: () => programs.run('hub-admin', ['query', 'SELECT * FROM devices', '-o', 'json']),
      };
      const taken = { bare: [] as number[], help: [] as number[], query: [] as number[] };
      for (const command of Object.values(commands)) await command(); // from the disk cache, all of them
      for (let run = 0; run < RUNS; run += 1) {
        taken.bare.push(await timed(commands.bare));
        taken.help.push(await timed(commands.help));
        taken.query.push(await timed(commands.query));
      }
      const compare = (what: string, ours: readonly number[], limit: number): Comparison => ({
        what,
        ours: median(ours),
        peer: median(taken.bare),
        peerName: 'node -e 0',
        unit: 'ms',
        goal: { kind: 'ratioAtMost', limit },
        notes: [`fastest ${amount(Math.min(...ours))} ms, slowest ${amount(Math.max(...ours))} ms of ${RUNS}`],
      });
      return [
        compare('hub-admin --help, whole process', taken.help, 1.4),
        compare('hub-admin query -o json on the local hub, whole process', taken.query, 2.0),
      ];
    } finally {
      await stop(hub);
      programs.remove();
    }
  },
};

export const HUB_START = ['hub', 'start', '--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
export const HUB_READY = 'ready';
