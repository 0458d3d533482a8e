import type { ColorSupportLevel } from 'chalk';

/**
 * How many colours a stream gets: 0 none, 1 sixteen, 2 256, 3 all.
 *
 * `--no-color` wins over everything, then `NO_COLOR` (https://no-color.org: any value but the empty one),
 * then `FORCE_COLOR` (`0` to `3`, `true`, `false`), then whether it is a terminal.
 */
export function colourLevel(options: {
  env: NodeJS.ProcessEnv;
  noColour: boolean;
  tty: boolean | undefined;
}): ColorSupportLevel {
  const { env } = options;
  if (options.noColour || (env['NO_COLOR'] ?? '') !== '') return 0;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forcedLevel(forced);
  if (options.tty !== true || env['TERM'] === 'dumb') return 0;
  if (/truecolor|24bit/i.test(env['COLORTERM'] ?? '')) return 3;
  return (env['TERM'] ?? '').includes('256') ? 2 : 1;
}

function forcedLevel(text: string): ColorSupportLevel {
  if (text === '0' || text === 'false') return 0;
  if (text === '2') return 2;
  return text === '3' ? 3 : 1;
}
