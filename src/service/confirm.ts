import { ProgramError, wrongCall } from '../terminal/index.ts';
import type { Console } from './console.ts';

/**
 * Asks before something that cannot be taken back; off a terminal it wants `--yes`.
 *
 * @param what completes "About to …": `delete 12 devices`
 */
export async function confirmOrRefuse(console: Console, what: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return;
  if (!console.terminal.canAsk) throw wrongCall(`about to ${what}: this wants --yes where nobody can be asked`);
  if (await console.terminal.confirm(`About to ${what}. Go on?`, console.signal)) return;
  throw new ProgramError('failed', 'NotConfirmed', 'nothing was done');
}
