import type { DeviceTwin, JsonObject } from '../../sdk/device-link.ts';
import type { Behaviour, Device } from '../behaviour.ts';
import type { Timer } from '../clock.ts';
import type { Chance } from '../random.ts';
import {
  decide,
  FIRST_CONFIGURATION,
  mentionsConfiguration,
  parseSendFrequency,
  patchOf,
  placeIn,
  PLACES,
  type Configuration,
  type Decision,
  type Place,
} from '../configuration-decision.ts';

export interface ConfigurationOptions {
  readonly applyMs: number;
  /** Called when a desired sendFrequency is in force. */
  readonly onSendFrequency: (everyMs: number, device: Device) => void;
  /** Whether the device refuses a configuration although it is well-formed. undefined: never. */
  readonly rejections?: Chance | undefined;
}

interface Where {
  readonly place: Place;
  readonly device: Device;
}

const REJECTED = 'simulated rejection';

/** Applies desired `configId` and `sendFrequency`: Pending, a while, Success; or Error, and the old one stays in force. */
export function createConfiguration(options: ConfigurationOptions): Behaviour {
  return new ConfigurationBehaviour(options);
}

class ConfigurationBehaviour implements Behaviour {
  readonly #options: ConfigurationOptions;
  /** Each place has its own: both may be used beside each other, and neither makes the other look changed. */
  readonly #inForce: Record<Place, Configuration> = { top: FIRST_CONFIGURATION, telemetryConfig: FIRST_CONFIGURATION };
  #known = false;
  #applying: { readonly place: Place; readonly configuration: Configuration; readonly timer: Timer } | undefined;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  atConnect({ reported }: DeviceTwin): JsonObject | undefined {
    if (PLACES.some((place) => mentionsConfiguration(placeIn(reported, place)))) return undefined;
    return { ...FIRST_CONFIGURATION, status: 'Success' };
  }

  connected(twin: DeviceTwin, device: Device): void {
    this.#remember(twin, device);
    for (const place of PLACES) this.#follow(place, twin, device);
  }

  desired(patch: JsonObject, twin: DeviceTwin, device: Device): void {
    for (const place of PLACES) {
      if (mentionsConfiguration(placeIn(patch, place))) this.#follow(place, twin, device);
    }
  }

  /** Left unfinished: after the next connect the twin still says Pending, and it starts again. */
  disconnected(): void {
    this.#cancel();
  }

  close(): void {
    this.#cancel();
  }

  /** A device that starts anew works with what it reported before it went. */
  #remember({ desired, reported }: DeviceTwin, device: Device): void {
    if (this.#known) return;
    this.#known = true;
    for (const place of PLACES) {
      const { configId, sendFrequency, status } = placeIn(reported, place);
      if (configId === undefined || sendFrequency === undefined || status !== 'Success') continue;
      this.#inForce[place] = { configId, sendFrequency };
      const everyMs = parseSendFrequency(sendFrequency);
      const isDesired = placeIn(desired, place)['sendFrequency'] !== undefined;
      if (isDesired && everyMs !== undefined) this.#options.onSendFrequency(everyMs, device);
    }
  }

  #follow(place: Place, { desired, reported }: DeviceTwin, device: Device): void {
    const before = placeIn(reported, place);
    const decision = this.#decide(place, placeIn(desired, place), before);
    if (decision.kind === 'nothing') return;
    if (decision.kind === 'apply' && this.#isApplying(place, decision.configuration)) return;
    this.#cancel();
    void this.#carryOut(decision, place, device);
  }

  #decide(place: Place, desired: JsonObject, reported: JsonObject): Decision {
    const decision = decide(desired, reported, this.#inForce[place]);
    const { rejections } = this.#options;
    if (decision.kind !== 'apply' || rejections === undefined) return decision;
    const { configId } = decision.configuration;
    const isTold = reported['reason'] === REJECTED && reported['configId'] === configId;
    if (isTold) return { kind: 'nothing' };
    return rejections() ? { kind: 'refuse', ...decision.configuration, reason: REJECTED } : decision;
  }

  async #carryOut(decision: Decision, place: Place, device: Device): Promise<void> {
    switch (decision.kind) {
      case 'nothing':
        return;
      case 'settle':
        await this.#tell('Success', this.#inForce[place], { place, device });
        return;
      case 'refuse': {
        const { configId, sendFrequency, reason } = decision;
        device.emit({ event: 'configuration', status: 'Error', configId, sendFrequency, reason });
        await device.report(patchOf(place, { configId, status: 'Error', reason }));
        return;
      }
      case 'apply': {
        const { configuration, everyMs } = decision;
        const timer = device.clock.after(this.#options.applyMs, () => {
          void this.#apply(configuration, everyMs, { place, device });
        });
        this.#applying = { place, configuration, timer };
        await this.#tell('Pending', configuration, { place, device });
      }
    }
  }

  async #apply(configuration: Configuration, everyMs: number, where: Where): Promise<void> {
    this.#applying = undefined;
    this.#inForce[where.place] = configuration;
    this.#options.onSendFrequency(everyMs, where.device);
    await this.#tell('Success', configuration, where);
  }

  /** `reason` of an earlier refusal goes with the status that it explained. */
  async #tell(
    status: 'Pending' | 'Success',
    { configId, sendFrequency }: Configuration,
    { place, device }: Where,
  ): Promise<void> {
    device.emit({ event: 'configuration', status, configId, sendFrequency });
    const hadReason = placeIn(device.twin.reported, place)['reason'] !== undefined;
    const patch = { configId, sendFrequency, status, ...(hadReason && { reason: null }) };
    await device.report(patchOf(place, patch));
  }

  #isApplying(place: Place, { configId, sendFrequency }: Configuration): boolean {
    const now = this.#applying;
    return (
      now?.place === place &&
      now.configuration.configId === configId &&
      now.configuration.sendFrequency === sendFrequency
    );
  }

  #cancel(): void {
    this.#applying?.timer.cancel();
    this.#applying = undefined;
  }
}
