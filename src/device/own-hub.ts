import { formatDuration } from '../terminal/index.ts';

const WAIT_FOR_OTHER_MS = 15_000;

export interface OwnHubOptions {
  readonly home: string;
  readonly notice: (line: string) => void;
  /** The hub ends with the program. */
  readonly onEnd: (cleanUp: () => Promise<void>) => void;
}

/**
 * Starts a local hub in this process; when another one was quicker, waits until that one is ready.
 *
 * @throws ProgramError when it cannot be started, or the other one does not become ready
 */
export async function startOwnHub({ home, notice, onEnd }: OwnHubOptions): Promise<void> {
  // The hub is more code than everything else together, and most devices find one that runs.
  const { startLocalHub, HubAlreadyRunning, waitForRunningHub } = await import('../local-hub/index.ts');
  try {
    const hub = await startLocalHub({ home, notice });
    onEnd(() => hub.close());
    void hub.stopRequested.then(async () => {
      notice('the local hub of this process was stopped; the device waits for the next one');
      await hub.close();
    });
    notice(`started a local hub in this process, its state is in ${home}; it ends with this program`);
  } catch (error) {
    if (!(error instanceof HubAlreadyRunning)) throw error;
    notice(`another local hub is starting, waiting for it up to ${formatDuration(WAIT_FOR_OTHER_MS)}`);
    await waitForRunningHub(home, { timeoutMs: WAIT_FOR_OTHER_MS });
  }
}
