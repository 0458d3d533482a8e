import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedMessage } from './recording.ts';
import type { ReplayDevice } from './replay-device.ts';

export interface ReplayOptions {
  readonly messages: readonly RecordedMessage[];
  /** Makes the device of an id, connecting. */
  readonly device: (deviceId: string) => ReplayDevice;
  /** 2 = in half of the time; Infinity = as fast as the hub takes them. */
  readonly speed: number;
  readonly signal: AbortSignal;
}

/**
 * Sends messages again, each device over a connection of its own, in the rhythm in which they came. All devices are connected
 * before the first message.
 *
 * @returns how many the hub has taken
 */
export async function replay({ messages, device, speed, signal }: ReplayOptions): Promise<number> {
  const ids = [...new Set(messages.map(({ deviceId }) => deviceId))];
  const devices = new Map(ids.map((id) => [id, device(id)]));
  let taken = 0;
  try {
    await Promise.all([...devices.values()].map((each) => each.whenReady()));
    const begun = performance.now();
    const firstMs = messages[0]?.timeMs ?? 0;
    const sent: Promise<void>[] = [];
    for (const message of messages) {
      const waitMs = (message.timeMs - firstMs) / speed - (performance.now() - begun);
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
      signal.throwIfAborted();
      const sending = devices
        .get(message.deviceId)
        ?.send(message)
        .then(() => void (taken += 1));
      if (sending !== undefined) sent.push(sending);
    }
    await Promise.all(sent);
    return taken;
  } finally {
    await Promise.all([...devices.values()].map((each) => each.close()));
  }
}
