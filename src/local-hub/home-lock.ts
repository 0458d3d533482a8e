import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { ProgramError } from '../terminal/index.ts';

/** Another process runs the hub of this folder. */
export class HubAlreadyRunning extends ProgramError {
  constructor(home: string) {
    super('failed', 'HubAlreadyRunning', `a local hub is already running for ${home}`, {
      hint: 'use it (hub-admin hub status), stop it (hub-admin hub stop), or set TANDEM_HOME to another folder',
    });
  }
}

/** Held by the one process that runs the hub of a folder. */
export interface HomeLock {
  release(): void;
}

/**
 * Takes the lock of a folder, made if it is not there.
 *
 * The lock is an open transaction on an empty SQLite file: the operating system lets go of it when the process ends, however
 * it ends, so a killed hub leaves nothing to clean up. See docs/decisions/0004-lock-by-the-operating-system.md.
 *
 * @throws HubAlreadyRunning when another process, or another hub of this process, holds it
 */
export function lockHome(home: string): HomeLock {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = join(home, 'hub.lock');
  closeSync(openSync(file, 'a', 0o600)); // nothing is in it, but who may open it may hold it
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new HubAlreadyRunning(home);
    throw error;
  }
  return { release: () => database.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}
