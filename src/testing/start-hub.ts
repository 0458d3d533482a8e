import type { JsonObject } from './json.ts';
import { RunningTestHub } from './running-test-hub.ts';
import type { TestHub } from './test-hub.ts';

export interface StartHubOptions {
  /** Devices to begin with. */
  readonly devices?: readonly { deviceId: string; tags?: JsonObject; desired?: JsonObject }[];
  /** Told what the hub has to say for itself: faults, warnings. Default: stderr. */
  readonly notice?: (line: string) => void;
}

/** Starts a hub that no other test sees. It takes 100 to 200 ms, so one for a file of tests is usual. */
export async function startHub(options: StartHubOptions = {}): Promise<TestHub> {
  const notice = options.notice ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const hub = await RunningTestHub.start(notice);
  try {
    for (const { deviceId, ...twin } of options.devices ?? []) await hub.createDevice(deviceId, twin);
    return hub;
  } catch (error) {
    await hub.close();
    throw error;
  }
}
