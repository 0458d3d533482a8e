import { describe, expect, test } from 'vitest';
import { makeColours } from '../../src/terminal/colours.ts';
import { hasColours } from '../../src/terminal/has-colours.ts';

describe('colours', () => {
  test.each([
    ['a pipe has none', { env: { TERM: 'xterm-256color' }, tty: false, noColour: false }, false],
    ['a terminal has some', { env: { TERM: 'xterm-256color' }, tty: true, noColour: false }, true],
    ['NO_COLOR takes them away', { env: { TERM: 'xterm', NO_COLOR: '1' }, tty: true, noColour: false }, false],
    ['an empty NO_COLOR does not', { env: { TERM: 'xterm', NO_COLOR: '' }, tty: true, noColour: false }, true],
    ['FORCE_COLOR gives them to a pipe', { env: { FORCE_COLOR: '3' }, tty: false, noColour: false }, true],
    ['FORCE_COLOR=0 takes them away', { env: { FORCE_COLOR: '0', TERM: 'xterm' }, tty: true, noColour: false }, false],
    ['--no-color wins over all', { env: { FORCE_COLOR: '3' }, tty: true, noColour: true }, false],
    ['a dumb terminal has none', { env: { TERM: 'dumb' }, tty: true, noColour: false }, false],
  ])('%s', (_name, options, expected) => {
    expect(hasColours(options)).toBe(expected);
  });
});

describe('styles', () => {
  test('wrap a text, also two at once', () => {
    const colours = makeColours(true);
    expect(colours.red('a')).toBe('\u001b[31ma\u001b[39m');
    expect(colours.red.bold('a')).toBe('\u001b[31m\u001b[1ma\u001b[22m\u001b[39m');
    expect(colours.dim('')).toBe('');
  });

  test('do nothing without colours', () => {
    expect(makeColours(false).red.bold('a')).toBe('a');
  });
});
