import { parseMethodAnswer, type DirectMethodRequest, type DirectMethodResponse } from '../model/direct-method.ts';
import { HubError } from '../model/hub-error.ts';
import type { Target } from '../model/identifiers.ts';
import type { Connection, Connections } from './connections.ts';
import type { Twins } from './twins.ts';

/** Direct methods: at most once, never queued. @see device-protocol.md, 7 */
export class DirectMethods {
  readonly #connections: Connections;
  readonly #twins: Twins;

  constructor(connections: Connections, twins: Twins) {
    this.#connections = connections;
    this.#twins = twins;
  }

  /**
   * Calls a method on a device or module and waits for its answer.
   *
   * @throws HubError DeviceNotFound, DeviceNotOnline, GatewayTimeout when the device does not answer in time,
   *   DeviceConnectionClosedRemotely when it goes away meanwhile, BadDeviceResponse
   */
  async invoke(target: Target, request: DirectMethodRequest): Promise<DirectMethodResponse> {
    this.#twins.get(target);
    const connection = await this.#connections.whenTakesMethods(target, request.connectTimeoutMs);
    const answer = await callDevice(connection, request);
    this.#connections.heardFrom(connection.key);
    return parseMethodAnswer(answer.status, answer.body);
  }
}

interface RawAnswer {
  readonly status: string | number;
  readonly body: Buffer;
}

function callDevice(connection: Connection, request: DirectMethodRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      connection.closeListeners.delete(onClose);
      forget();
      settle();
    };
    const onClose = (): void => {
      finish(() =>
        reject(new HubError('DeviceConnectionClosedRemotely', 'The device closed its connection before it answered.')),
      );
    };
    const timer = setTimeout(() => {
      finish(() =>
        reject(new HubError('GatewayTimeout', 'Timed out waiting for the response from device.', { info: {} })),
      );
    }, request.responseTimeoutMs);
    connection.closeListeners.add(onClose);
    const forget = connection.link.deliverMethod({
      name: request.methodName,
      payload: request.payload,
      respond: (status, body) => {
        finish(() => resolve({ status, body }));
      },
    });
  });
}
