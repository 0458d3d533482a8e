import { redact } from '../config/redact.ts'; // not all of the room: most of it waits until a command is named
import { processTerminal, runProgram } from '../terminal/index.ts';
import { declareHubAdmin } from './hub-admin.ts';

/** Runs hub-admin to its exit code. @param argv as in `process.argv` */
export async function main(argv: readonly string[]): Promise<void> {
  const world = { env: process.env, cwd: process.cwd() };
  await runProgram({
    argv,
    terminal: processTerminal({ argv, redact }),
    declare: (program) => declareHubAdmin(program, world, argv),
  });
}
