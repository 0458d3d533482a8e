import { median, timed } from '../measure.ts';
import type { Row } from '../row.ts';
import { startFleet } from '../support/fleet.ts';

const DEVICES = 1000;
const REBOOT_SECONDS = 5;
const RUNS = 3;

export const fleetReboot: Row = {
  name: 'fleet-reboot',
  run: async (say) => {
    const fleet = await startFleet({ count: DEVICES, args: ['--reboot-seconds', String(REBOOT_SECONDS)] });
    try {
      const taken: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const reboot = ['reboot', '--all', '--yes', '-o', 'ndjson'];
        taken.push((await timed(() => fleet.programs.run('hub-admin', reboot))) / 1000);
        say(`${taken.at(-1)?.toFixed(1) ?? ''} s`);
      }
      return [
        {
          what: `reboot of ${DEVICES} devices by hub-admin reboot --all, whole process`,
          ours: median(taken),
          peer: REBOOT_SECONDS,
          peerName: 'the simulated reboot time',
          unit: 's',
          goal: { kind: 'ratioAtMost', limit: 1.5 },
        },
      ];
    } finally {
      await fleet.close();
    }
  },
};
