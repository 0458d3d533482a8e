import type { JsonValue } from '../../sdk/device-link.ts';
import type { Behaviour } from '../behaviour.ts';
import { sleep } from '../clock.ts';
import type { Generator } from '../telemetry/generators.ts';

/** Works on a cloud-to-device message for a while and may send telemetry back. */
export function createMessageWork(options: { delayMs: number; reply: Generator | undefined }): Behaviour {
  let number = 0;
  return {
    message: async ({ messageId }, device) => {
      number += 1;
      if (options.delayMs > 0 && !(await sleep(device.clock, options.delayMs, device.connection))) return;
      if (options.reply === undefined) return;
      const now = device.clock.now();
      const body: JsonValue = options.reply({ number, elapsedMs: 0, now });
      const replyId = `reply-${number}`;
      const sent = await device.send({
        body: JSON.stringify(body),
        messageId: replyId,
        correlationId: messageId,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
      });
      if (sent) {
        const elapsedMs = device.clock.now() - now;
        device.emit({ event: 'telemetry', messageId: replyId, body, properties: {}, elapsedMs });
      }
    },
  };
}
