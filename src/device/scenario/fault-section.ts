import type { DropSchedule, Fault } from '../faults.ts';
import type { FaultSection } from './scenario-document.ts';
import { milliseconds } from './milliseconds.ts';

const AWAY = '5s';
const LATE = '1s';
const MINUTE_MS = 60_000;

/** The faults of a scenario, the clock's aside. */
export function readFaults(sections: readonly FaultSection[]): Fault[] {
  return sections.flatMap((section): Fault[] => {
    const { kind, rate = 0 } = section;
    switch (kind) {
      case 'drop':
        return schedulesOf(section).map((when) => ({ kind, when, awayMs: milliseconds(section.for ?? AWAY) }));
      case 'delay':
        return [{ kind, rate, byMs: milliseconds(section.by ?? LATE) }];
      case 'duplicate':
      case 'loseAnswer':
        return [{ kind, rate }];
      case 'clockSkew':
        return [];
    }
  });
}

/** How far the clock is ahead. */
export function readClockSkew(sections: readonly FaultSection[]): number {
  return sections.filter(({ kind }) => kind === 'clockSkew').reduce((sum, { by = 0 }) => sum + milliseconds(by), 0);
}

/** Each of them that is given counts. */
function schedulesOf({ at, every, rate }: FaultSection): DropSchedule[] {
  const schedules: DropSchedule[] = [];
  if (at !== undefined) schedules.push({ kind: 'once', atMs: milliseconds(at) });
  if (every !== undefined) schedules.push({ kind: 'regularly', everyMs: milliseconds(every) });
  if (rate !== undefined && rate > 0) schedules.push({ kind: 'randomly', everyMs: MINUTE_MS / rate });
  return schedules;
}
