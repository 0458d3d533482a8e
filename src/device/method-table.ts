import { parseJson } from '../sdk/device-json.ts';
import type { JsonValue, WaitingCall } from '../sdk/device-link.ts';
import { sleep } from './clock.ts';
import type { Behaviour, Device, Interference, MethodAnswer, MethodAnswerer } from './behaviour.ts';

/** The direct methods of one device, looked for in its behaviours call by call: a table of its own would be held by every device of a fleet. */
export class MethodTable {
  readonly #device: Device;
  readonly #interference: Interference | undefined;
  readonly #behaviours: readonly Behaviour[];
  /** Calls so far by method; made with the first call. */
  #counts: Map<string, number> | undefined;

  /** The later behaviour wins where two have a method of the same name. */
  constructor(behaviours: readonly Behaviour[], device: Device, interference?: Interference) {
    this.#behaviours = behaviours;
    this.#device = device;
    this.#interference = interference;
  }

  /** Runs one call to its answer and tells both. Never throws. */
  async answer(call: WaitingCall): Promise<void> {
    const { methodName, requestId } = call;
    const device = this.#device;
    const startedAt = device.clock.now();
    const count = this.#count(methodName);
    const payload = readPayload(call.body);
    device.emit({ event: 'method', methodName, requestId, payload: payload ?? null, count });
    const found = payload === undefined ? BAD_JSON : await this.#run(methodName, payload, count);
    const answer = await this.#disturb(found);
    try {
      if (answer !== undefined) await call.answer(answer.status, answer.payload);
      const elapsedMs = device.clock.now() - startedAt;
      const { status, payload: sent } = answer ?? NEVER;
      device.emit({ event: 'methodAnswered', methodName, requestId, status, payload: sent, elapsedMs });
      answer?.afterwards?.();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      device.emit({ event: 'failed', what: `answer method ${methodName}`, reason });
    }
  }

  #count(methodName: string): number {
    this.#counts ??= new Map();
    const count = (this.#counts.get(methodName) ?? 0) + 1;
    this.#counts.set(methodName, count);
    return count;
  }

  /** A lost answer has its consequences all the same: a device reboots although nobody hears that it will. */
  async #disturb(answer: MethodAnswer | undefined): Promise<MethodAnswer | undefined> {
    const fault = answer === undefined ? undefined : this.#interference?.answer();
    if (fault === undefined) return answer;
    const { clock, connection } = this.#device;
    if (fault.delayMs > 0) await sleep(clock, fault.delayMs, connection);
    if (!fault.lost) return answer;
    this.#device.emit({ event: 'fault', fault: 'loseAnswer', detail: 'the answer is lost' });
    answer?.afterwards?.();
    return undefined;
  }

  async #run(methodName: string, payload: JsonValue, count: number): Promise<MethodAnswer | undefined> {
    const answerer = this.#find(methodName);
    if (answerer === undefined) return this.#unknown(methodName);
    try {
      return await answerer({ methodName, payload, count }, this.#device);
    } catch (error) {
      // A behaviour of the user's own: the caller learns what a real device would answer after a crash in its code.
      const message = error instanceof Error ? error.message : String(error);
      this.#device.emit({ event: 'failed', what: `run method ${methodName}`, reason: message });
      return { status: 500, payload: { message } };
    }
  }

  #find(methodName: string): MethodAnswerer | undefined {
    const behaviour = this.#behaviours.findLast(({ methods = {} }) => Object.hasOwn(methods, methodName));
    return behaviour?.methods?.[methodName];
  }

  #unknown(methodName: string): MethodAnswer {
    const names = this.#behaviours.flatMap(({ methods = {} }) => Object.keys(methods));
    const methods = [...new Set(names)].sort();
    const message = `this device has no method "${methodName}"; it has ${methods.join(', ')}`;
    return { status: 404, payload: { message, methods } };
  }
}

const NEVER = { status: null, payload: null };
const BAD_JSON: MethodAnswer = { status: 400, payload: { message: 'the payload is not JSON' } };

/** null for an empty body: the service shows a payload that was not sent as null. undefined when it is no JSON. */
function readPayload(body: Buffer): JsonValue | undefined {
  if (body.length === 0) return null;
  try {
    return parseJson(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
