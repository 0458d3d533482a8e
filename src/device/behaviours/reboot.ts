import type { DeviceTwin, JsonObject } from '../../sdk/device-link.ts';
import type { Behaviour, Device, MethodAnswer, MethodAnswerer } from '../behaviour.ts';
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
  return new RebootBehaviour(options);
}

class RebootBehaviour implements Behaviour {
  readonly methods: Readonly<Record<string, MethodAnswerer>>;
  readonly #options: RebootOptions;
  #rebooting = false;

  constructor(options: RebootOptions) {
    this.#options = options;
    this.methods = { rebootDevice: (_, device) => this.#reboot(device) };
  }

  atConnect(_: DeviceTwin, device: Device): JsonObject | undefined {
    if (!this.#rebooting) return undefined;
    this.#rebooting = false;
    return { rebootTime: rebooted(device) };
  }

  #reboot(device: Device): MethodAnswer | Promise<MethodAnswer | undefined> {
    const { failures, answer } = this.#options;
    if (failures?.() === true)
      return { status: 500, payload: { Response: 'Reboot failed', message: 'simulated failure' } };
    return answer === 'after' ? this.#answerAfter(device) : this.#answerBefore(device);
  }

  #answerBefore(device: Device): MethodAnswer {
    const rebootSeconds = this.#options.rebootMs / 1000;
    return {
      status: 200,
      payload: { Response: 'Rebooting', rebootSeconds },
      afterwards: () => {
        this.#rebooting = true;
        device.emit({ event: 'rebooting', rebootSeconds });
        device.goOffline({ ms: this.#options.rebootMs, reason: 'rebooting' });
      },
    };
  }

  async #answerAfter(device: Device): Promise<MethodAnswer | undefined> {
    const rebootSeconds = this.#options.rebootMs / 1000;
    device.emit({ event: 'rebooting', rebootSeconds });
    if (!(await sleep(device.clock, this.#options.rebootMs, device.connection))) return undefined;
    const rebootTime = rebooted(device);
    await device.report({ rebootTime });
    return { status: 200, payload: { Response: 'Rebooted', rebootSeconds, rebootTime } };
  }
}

function rebooted(device: Device): string {
  const rebootTime = new Date(device.clock.now()).toISOString();
  device.emit({ event: 'rebooted', rebootTime });
  return rebootTime;
}
