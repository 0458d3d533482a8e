import { describe, expect, test } from 'vitest';
import { choice, duration, nearest, parseJson, ProgramError, wholeNumber } from '../../src/terminal/index.ts';

describe('options are checked at the door', () => {
  const concurrency = wholeNumber('--concurrency', { min: 1, max: 1000 });
  const timeout = duration('--timeout', { minMs: 5000, maxMs: 300_000 });
  const output = choice('--output', ['table', 'json']);

  test.each([
    [() => concurrency('ten'), '--concurrency must be a whole number from 1 to 1000, got "ten"'],
    [() => concurrency('1001'), '--concurrency must be a whole number from 1 to 1000, got "1001"'],
    [() => concurrency('1.5'), '--concurrency must be a whole number from 1 to 1000, got "1.5"'],
    [() => timeout('1s'), '--timeout must be a duration from 5s to 5m, such as 30s or 5m, got "1s"'],
    [() => output('xml'), '--output must be one of table, json, got "xml"'],
    [() => parseJson('--payload', '{a}'), /^--payload is not JSON: .*; got \{a\}$/],
  ])('a wrong value is refused with its name, its range and itself', (parse, message) => {
    expect(parse).toThrow(ProgramError);
    expect(parse).toThrow(message);
  });

  test('right values come out typed', () => {
    expect([concurrency('1000'), timeout('30'), output('json'), parseJson('x', 'null')]).toEqual([
      1000,
      30_000,
      'json',
      null,
    ]);
  });
});

describe('the nearest word', () => {
  test.each([
    ['rebot', 'reboot'],
    ['qurey', 'query'],
    ['--concurency', '--concurrency'],
    ['DEVICE', 'device'],
  ])('%s means %s', (word, expected) => {
    expect(nearest(word, ['reboot', 'query', 'device', '--concurrency'])).toBe(expected);
  });

  test('what is like nothing names nothing', () => {
    expect(nearest('xyzzy', ['reboot', 'query'])).toBeUndefined();
  });
});
