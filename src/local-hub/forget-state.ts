import { rmSync } from 'node:fs';
import { SqliteJournal } from '../hub/index.ts';
import { lockHome } from './home-lock.ts';
import { eventsFolder, stateFile } from './local-hub.ts';

/** Keys and authorities: what a running hub keeps too when it is reset, so that whoever knows it goes on knowing it. */
const KEPT = ['policies', 'certificates'];

/**
 * Makes the hub of a folder, which must not run, forget all but its keys and certificates.
 *
 * @throws HubAlreadyRunning
 */
export function forgetState(home: string): void {
  const lock = lockHome(home);
  try {
    const journal = new SqliteJournal(stateFile(home));
    journal.keepOnly(KEPT);
    journal.close();
    rmSync(eventsFolder(home), { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
