import { parseDuration, wrongCall } from '../terminal/index.ts';

/** Milliseconds of `90s`, `1h30m`, `1d`. @throws ProgramError `wrongCall` */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw wrongCall(`a duration is milliseconds or a text such as 90s, 1h30m or 1d, got "${text}"`);
  return ms;
}
