import { digitalTwinDocument } from '../model/digital-twin.ts';
import { parseDigitalTwinPatch } from '../model/digital-twin-patch.ts';
import { parseDirectMethodRequest, type DirectMethodResponse } from '../model/direct-method.ts';
import { twinEtag, type Precondition } from '../model/etag.ts';
import type { JsonObject } from '../model/json.ts';
import type { DirectMethods } from './direct-methods.ts';
import type { Twins } from './twins.ts';

export interface CommandCall {
  readonly deviceId: string;
  /** Undefined for a command of the device itself. */
  readonly component: string | undefined;
  readonly command: string;
  /** Undefined when the caller sent none. */
  readonly payload: unknown;
  readonly connectTimeoutInSeconds: number | undefined;
  readonly responseTimeoutInSeconds: number | undefined;
}

/** Plug and Play over twins and direct methods. */
export class DigitalTwins {
  readonly #twins: Twins;
  readonly #methods: DirectMethods;

  constructor(twins: Twins, methods: DirectMethods) {
    this.#twins = twins;
    this.#methods = methods;
  }

  /** @throws HubError DeviceNotFound */
  document(deviceId: string): { body: JsonObject; etag: string } {
    const twin = this.#twins.get({ deviceId });
    return { body: digitalTwinDocument(twin), etag: twinEtag(twin.etagCounter) };
  }

  /**
   * Asks for other properties by JSON Patch.
   *
   * @returns the new etag, durable
   * @throws HubError ArgumentInvalid, DeviceNotFound, PreconditionFailed
   */
  async patch(deviceId: string, body: unknown, precondition: Precondition): Promise<string> {
    const desired = parseDigitalTwinPatch(body, this.#twins.get({ deviceId }));
    await this.#twins.patch({ deviceId }, { properties: { desired } }, precondition);
    return twinEtag(this.#twins.get({ deviceId }).etagCounter);
  }

  /** Calls a command: a direct method, named `component*command` below a component. Throws as a direct method does. */
  invoke(call: CommandCall): Promise<DirectMethodResponse> {
    const { deviceId, component, command, payload, connectTimeoutInSeconds, responseTimeoutInSeconds } = call;
    const request = parseDirectMethodRequest({
      methodName: component === undefined ? command : `${component}*${command}`,
      ...(payload === undefined ? {} : { payload }),
      ...(connectTimeoutInSeconds === undefined ? {} : { connectTimeoutInSeconds }),
      ...(responseTimeoutInSeconds === undefined ? {} : { responseTimeoutInSeconds }),
    });
    return this.#methods.invoke({ deviceId }, request);
  }
}
