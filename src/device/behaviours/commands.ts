import { parseJson } from '../../sdk/device-json.ts';
import type { JsonValue } from '../../sdk/device-link.ts';
import type { Behaviour } from '../behaviour.ts';

/** Tells every cloud-to-device message. The device completes it when all behaviours are done. */
export function createCommands(): Behaviour {
  return {
    message: (message, device) =>
      device.emit({
        event: 'message',
        messageId: message.messageId ?? null,
        correlationId: message.correlationId ?? null,
        body: readBody(message.body),
        properties: message.properties,
      }),
  };
}

/** JSON as JSON, text as text, anything else as base64 in `{"base64": …}`. */
export function readBody(body: Buffer): JsonValue {
  const text = body.toString('utf8');
  if (text.includes('\u{fffd}')) return { base64: body.toString('base64') };
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
