import { EXIT_CODES, type ExitName } from './exit-codes.ts';

/**
 * A failure that a person is told about: what was wrong, with which value, and what to do next.
 *
 * Anything else that is thrown is a bug of ours and is reported as one.
 */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly exit: ExitName;
  /** The hub's own code name where it has one (`DeviceNotFound`), otherwise ours (`MalformedConnectionString`). */
  readonly code: string;
  /** What to do next: one imperative sentence or a command. */
  readonly hint: string | undefined;
  /** The hub's tracking id, for a support request. */
  readonly trackingId: string | undefined;

  constructor(
    exit: ExitName,
    code: string,
    message: string,
    options: { hint?: string | undefined; trackingId?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.code = code;
    this.hint = options.hint;
    this.trackingId = options.trackingId;
  }

  get exitCode(): number {
    return EXIT_CODES[this.exit];
  }
}

/** The caller's mistake: exit 2. */
export function wrongCall(message: string, hint?: string): ProgramError {
  return new ProgramError('wrongCall', 'WrongCall', message, { hint });
}
