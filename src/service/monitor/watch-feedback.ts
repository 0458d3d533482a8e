import type { ServiceHub } from '../../config/index.ts';
import {
  type CloudToDevice,
  type CloudToDeviceOptions,
  type FeedbackRecord,
  openCloudToDevice,
} from '../../sdk/cloud-to-device-sdk.ts';
import { endOf, reconnect } from './reconnect.ts';

export type FeedbackOptions = CloudToDeviceOptions & {
  /** Called whenever taking begins. */
  readonly onTaking: () => void;
  readonly onFeedback: (records: readonly FeedbackRecord[]) => void;
  /** Told when the connection is lost, and each time that it does not come back. */
  readonly onTrouble: (line: string) => void;
};

/**
 * Takes feedback until the signal; a lost connection is made anew.
 *
 * @throws ProgramError when the first connection does not come about, or the hub refuses one
 */
export async function watchFeedback(hub: ServiceHub, options: FeedbackOptions): Promise<void> {
  const { signal } = options;
  let connection = await connect(hub, options);
  for (;;) {
    const reason = await endOf(connection.lost, signal);
    await connection.close();
    if (reason === undefined) return;
    options.onTrouble(`The connection to the feedback of the hub is lost (${reason}); trying again …`);
    connection = await reconnect(() => connect(hub, options), options);
  }
}

async function connect(hub: ServiceHub, options: FeedbackOptions): Promise<CloudToDevice> {
  const connection = await openCloudToDevice(hub, options);
  try {
    await connection.onFeedback(options.onFeedback);
  } catch (error) {
    await connection.close();
    throw error;
  }
  options.onTaking();
  return connection;
}
