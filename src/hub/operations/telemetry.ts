import { targetKey } from '../model/identifiers.ts';
import type { DeviceMessage } from '../model/device-message.ts';
import { checkDeviceMessage } from '../model/device-message.ts';
import type { Connections } from './connections.ts';

/** Device-to-cloud messages. */
export class Telemetry {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /**
   * Takes a message of a device or module.
   *
   * @throws HubError MessageTooLarge, ArgumentInvalid
   */
  accept(message: DeviceMessage): void {
    checkDeviceMessage(message);
    this.#connections.heardFrom(targetKey(message.from));
  }
}
