import type { Behaviour, Interference } from './behaviour.ts';
import type { Clock, Timer } from './clock.ts';
import type { Random } from './random.ts';

/** What goes wrong, by schedule or by chance. */
export type Fault =
  | { readonly kind: 'drop'; readonly when: DropSchedule; readonly awayMs: number }
  | { readonly kind: 'delay'; readonly rate: number; readonly byMs: number }
  | { readonly kind: 'duplicate'; readonly rate: number }
  | { readonly kind: 'loseAnswer'; readonly rate: number };

/** `everyMs` also for a rate: once in this time on average. */
export type DropSchedule =
  | { readonly kind: 'once'; readonly atMs: number }
  | { readonly kind: 'regularly'; readonly everyMs: number }
  | { readonly kind: 'randomly'; readonly everyMs: number };

/** What happens to messages and answers on their way. undefined when nothing does. */
export function interferenceOf(faults: readonly Fault[], random: Random): Interference | undefined {
  if (faults.every(({ kind }) => kind === 'drop')) return undefined;
  const rateOf = (kind: Fault['kind']): number =>
    faults.reduce(
      (rate, fault) => (fault.kind === kind && fault.kind !== 'drop' ? Math.max(rate, fault.rate) : rate),
      0,
    );
  const delay = faults.find((fault) => fault.kind === 'delay');
  const [duplicates, lost, delays] = [rateOf('duplicate'), rateOf('loseAnswer'), rateOf('delay')];
  const delayMs = (): number => (delay !== undefined && random() < delays ? delay.byMs : 0);
  return {
    message: () => ({ delayMs: delayMs(), copies: random() < duplicates ? 2 : 1 }),
    answer: () => ({ delayMs: delayMs(), lost: random() < lost }),
  };
}

/** A clock that is wrong by so much. */
export function skewedClock(clock: Clock, byMs: number): Clock {
  return { now: () => clock.now() + byMs, after: (ms, action) => clock.after(ms, action) };
}

/** Breaks the connection without a goodbye. */
export function createDrops(faults: readonly Fault[], random: Random): Behaviour {
  const drops = faults.filter((fault) => fault.kind === 'drop');
  const timers: (Timer | undefined)[] = [];
  const past = new Set<number>();
  const stop = (): void => timers.splice(0).forEach((timer) => timer?.cancel());
  return {
    connected: (_, device) => {
      drops.forEach(({ when, awayMs }, index) => {
        if (past.has(index)) return;
        timers[index] = device.clock.after(waitMs(when, random), () => {
          if (when.kind === 'once') past.add(index);
          device.emit({ event: 'fault', fault: 'drop', detail: 'the connection is cut' });
          device.goOffline({ ms: awayMs, reason: 'fault: the connection was cut', abrupt: true });
        });
      });
    },
    disconnected: stop,
    close: stop,
  };
}

/** Exponentially distributed waits make drops that come at a rate. */
function waitMs(when: DropSchedule, random: Random): number {
  switch (when.kind) {
    case 'once':
      return when.atMs;
    case 'regularly':
      return when.everyMs;
    case 'randomly':
      return -Math.log(1 - random()) * when.everyMs;
  }
}
