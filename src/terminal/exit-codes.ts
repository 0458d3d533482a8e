/** The exit codes of both programs, one meaning each. Scripts rely on them: never renumber. */
export const EXIT_CODES = {
  done: 0,
  /** Failed for a reason not named below: stale etag, over a limit, throttled to the end, port in use. */
  failed: 1,
  /** The call was wrong: unknown flag, malformed connection string, bad JSON, bad query, a value outside its range. */
  wrongCall: 2,
  /** No such device, module, job, configuration; a condition that matches nothing. */
  notFound: 3,
  /** The hub refused the credentials, the permission, or a disabled device. */
  refused: 4,
  /** The device is not connected. */
  notConnected: 5,
  /** It did not happen in time. */
  timedOut: 6,
  /** The device answered with a failure: method status ≥ 400, configuration `status: "Error"`. */
  deviceFailed: 7,
  /** Several targets, at least one failed. */
  someFailed: 8,
  /** No hub: nothing configured and no local hub running, or it cannot be reached. */
  noHub: 9,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof EXIT_CODES;
