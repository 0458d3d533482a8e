import { HubError } from '../../../model/hub-error.ts';
import type { AppendedBatch } from '../../../model/event.ts';
import type { DeviceSession } from '../device-session.ts';
import { toAmqpError } from '../errors.ts';
import { telemetryOf } from '../telemetry-message.ts';
import { MAX_TRANSFER_BYTES } from '../transport/connection.ts';
import type { IncomingDelivery, IncomingLink } from '../transport/incoming-link.ts';

/** Several messages in one transfer, each a data section. @see device-protocol.md, 8.4 */
const BATCH_FORMAT = 0x80013700;

/** Device-to-cloud messages: each is accepted when it is stored, or rejected with the reason. */
export function serveTelemetry(session: DeviceSession, link: IncomingLink): void {
  const line = new WaitingLine(session);
  link.onClose(() => line.forget());
  link.accept({ maxMessageBytes: MAX_TRANSFER_BYTES, onMessage: (delivery) => line.take(delivery) });
}

/** As many as a link has credit for: whoever sends more does not heed it. */
const MAX_WAITING = 1000;

/** Too many messages for the tier: each is settled late, in the order of their coming. service-protocol.md, 14 */
class WaitingLine {
  readonly #session: DeviceSession;
  readonly #waiting: IncomingDelivery[] = [];

  constructor(session: DeviceSession) {
    this.#session = session;
  }

  take(delivery: IncomingDelivery): void {
    const { throttles } = this.#session.hub;
    if (this.#waiting.length === 0 && throttles.waitMs('telemetry') === 0) {
      take(this.#session, delivery);
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      const error = new HubError('ThrottlingException', 'too many messages wait on this link');
      delivery.reject(toAmqpError(error, this.#session.hub.now()));
      return;
    }
    this.#waiting.push(delivery);
    if (this.#waiting.length === 1) void this.#work(); // hands its faults on itself
  }

  /** The link has ended: nobody is left to be told. */
  forget(): void {
    this.#waiting.length = 0;
  }

  async #work(): Promise<void> {
    const { hub, onFault } = this.#session;
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        await hub.throttles.turn('telemetry');
        if (this.#waiting[0] !== next) return; // the link has ended meanwhile
        take(this.#session, next);
        this.#waiting.shift();
      }
    } catch (error) {
      this.forget();
      onFault(error);
    }
  }
}

function take(session: DeviceSession, delivery: IncomingDelivery): void {
  try {
    const { hub, codec, source } = session;
    let stored: AppendedBatch | undefined;
    for (const message of messagesIn(session, delivery)) {
      stored = hub.telemetry.accept(source, telemetryOf(message, codec));
    }
    if (stored === undefined) delivery.accept();
    else stored.whenStored((error) => settle(session, delivery, error));
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    delivery.reject(toAmqpError(error, session.hub.now()));
  }
}

/** What a moment brings is stored in one batch, so that the last message's is the one to wait for. */
function messagesIn({ codec }: DeviceSession, { message, format }: IncomingDelivery): IncomingDelivery['message'][] {
  return format === BATCH_FORMAT ? message.sections.map((section) => codec.decode(section)) : [message];
}

function settle(session: DeviceSession, delivery: IncomingDelivery, error: Error | undefined): void {
  if (error === undefined) {
    delivery.accept();
    return;
  }
  session.onFault(error);
  delivery.reject(toAmqpError(new HubError('ServerError', 'the message could not be stored'), session.hub.now()));
}
