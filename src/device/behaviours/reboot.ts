import type { Behaviour, Device, MethodAnswer } from '../behaviour.ts';
import { sleep } from '../clock.ts';
import type { Chance } from '../random.ts';

export interface RebootOptions {
  readonly rebootMs: number;
  /** `before`: answer, go offline, come back. `after`: stay connected, wait, report, answer, as in the Python tutorial. */
  readonly answer: 'before' | 'after';
  /** Whether a reboot fails: answered with 500 and not carried out. undefined: never. */
  readonly failures?: Chance | undefined;
}

/** `rebootDevice`: a real disconnect, and `rebootTime` reported after it. */
export function createReboot(options: RebootOptions): Behaviour {
  const rebootSeconds = options.rebootMs / 1000;
  let rebooting = false;

  const before = (device: Device): MethodAnswer => ({
    status: 200,
    payload: { Response: 'Rebooting', rebootSeconds },
    afterwards: () => {
      rebooting = true;
      device.emit({ event: 'rebooting', rebootSeconds });
      device.goOffline({ ms: options.rebootMs, reason: 'rebooting' });
    },
  });

  const after = async (device: Device): Promise<MethodAnswer | undefined> => {
    device.emit({ event: 'rebooting', rebootSeconds });
    if (!(await sleep(device.clock, options.rebootMs, device.connection))) return undefined;
    const rebootTime = rebooted(device);
    await device.report({ rebootTime });
    return { status: 200, payload: { Response: 'Rebooted', rebootSeconds, rebootTime } };
  };

  return {
    methods: {
      rebootDevice: (_, device) => {
        if (options.failures?.() === true) {
          return { status: 500, payload: { Response: 'Reboot failed', message: 'simulated failure' } };
        }
        return options.answer === 'after' ? after(device) : before(device);
      },
    },
    atConnect: (_, device) => {
      if (!rebooting) return undefined;
      rebooting = false;
      return { rebootTime: rebooted(device) };
    },
  };
}

function rebooted(device: Device): string {
  const rebootTime = new Date(device.clock.now()).toISOString();
  device.emit({ event: 'rebooted', rebootTime });
  return rebootTime;
}
