/** A connection that must say something now and then. */
export interface KeptAlive {
  /** Says it; called after every `KEEP_ALIVE_S` at the latest. */
  ping(): void;
  /** Nothing came back. */
  lost(): void;
}

/** What the SDK asks for in CONNECT. */
export const KEEP_ALIVE_S = 180;
const PING_EVERY_MS = 150_000;
const ANSWER_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 5000;

/** Times of `performance.now`, which no setting of the clock moves. */
interface Watched {
  pingAt: number;
  /** undefined: no ping is under way. */
  answerBy: number | undefined;
}

const watched = new Map<KeptAlive, Watched>();
let timer: NodeJS.Timeout | undefined;

/** One timer for all connections of a process: each with its own would cost more than the rest of an idle connection. */
export function keepAlive(connection: KeptAlive): void {
  watched.set(connection, { pingAt: performance.now() + PING_EVERY_MS, answerBy: undefined });
  timer ??= setInterval(look, LOOK_EVERY_MS).unref();
}

/** The hub has answered a ping. */
export function pingAnswered(connection: KeptAlive): void {
  const state = watched.get(connection);
  if (state !== undefined) state.answerBy = undefined;
}

export function keepNoLonger(connection: KeptAlive): void {
  watched.delete(connection);
  if (watched.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function look(): void {
  const now = performance.now();
  for (const [connection, state] of watched) {
    if (state.answerBy !== undefined && now > state.answerBy) {
      connection.lost();
    } else if (now >= state.pingAt) {
      state.pingAt = now + PING_EVERY_MS;
      state.answerBy = now + ANSWER_WITHIN_MS;
      connection.ping();
    }
  }
}
