import { describe, expect, test } from 'vitest';
import { colourLevel } from '../../src/terminal/colour-level.ts';

describe('colours', () => {
  test.each([
    ['a pipe has none', { env: { TERM: 'xterm-256color' }, tty: false, noColour: false }, 0],
    ['a terminal has what it says', { env: { TERM: 'xterm-256color' }, tty: true, noColour: false }, 2],
    ['NO_COLOR takes them away', { env: { TERM: 'xterm', NO_COLOR: '1' }, tty: true, noColour: false }, 0],
    ['an empty NO_COLOR does not', { env: { TERM: 'xterm', NO_COLOR: '' }, tty: true, noColour: false }, 1],
    ['FORCE_COLOR gives them to a pipe', { env: { FORCE_COLOR: '3' }, tty: false, noColour: false }, 3],
    ['FORCE_COLOR=0 takes them away', { env: { FORCE_COLOR: '0', TERM: 'xterm' }, tty: true, noColour: false }, 0],
    ['--no-color wins over all', { env: { FORCE_COLOR: '3' }, tty: true, noColour: true }, 0],
    ['a dumb terminal has none', { env: { TERM: 'dumb' }, tty: true, noColour: false }, 0],
  ])('%s', (_name, options, expected) => {
    expect(colourLevel(options)).toBe(expected);
  });
});
