import type { RunningProgram } from '../support/programs.ts';

/**
 * Settings under which a program's wall clock can be moved by `jumpMs` while it runs, or is so from the start. Timers and
 * `performance.now` go on as before, as they do when somebody sets the clock of a machine.
 */
export function jumpingClock(jumpMs: number, { jumped = false } = {}): NodeJS.ProcessEnv {
  const script = `
    const RealDate = Date;
    let shiftMs = ${jumped ? jumpMs : 0};
    globalThis.Date = class Date extends RealDate {
      constructor(...args) { if (args.length === 0) super(RealDate.now() + shiftMs); else super(...args); }
      static now() { return RealDate.now() + shiftMs; }
    };
    process.on('SIGUSR2', () => { shiftMs = ${jumpMs}; process.stderr.write('the clock has jumped\\n'); });`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

/** Moves the clock of a program that was started under {@link jumpingClock}. */
export async function jump(program: RunningProgram): Promise<void> {
  program.child.kill('SIGUSR2');
  await program.prints(/^the clock has jumped$/);
}
