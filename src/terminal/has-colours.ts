/**
 * Whether a stream gets colours.
 *
 * `--no-color` wins over everything, then `NO_COLOR` (https://no-color.org: any value but the empty one),
 * then `FORCE_COLOR` (`0` and `false`, or anything else), then whether it is a terminal.
 */
export function hasColours(options: { env: NodeJS.ProcessEnv; noColour: boolean; tty: boolean | undefined }): boolean {
  const { env } = options;
  if (options.noColour || (env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return options.tty === true && env['TERM'] !== 'dumb';
}
