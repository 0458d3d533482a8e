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
  link.accept({ maxMessageBytes: MAX_TRANSFER_BYTES, onMessage: (delivery) => take(session, delivery) });
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
