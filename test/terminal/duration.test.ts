import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/terminal/index.ts';

describe('durations', () => {
  test.each([
    ['5m', 300_000],
    ['60s', 60_000],
    ['24h', 86_400_000],
    ['90', 90_000],
    ['1.5', 1500],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', 'soon', '5 m', '-5s', '5x', 'm', '1e3', 'Infinity'])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [250, '250ms'],
    [1000, '1s'],
    [90_000, '90s'],
    [300_000, '5m'],
    [86_400_000, '1d'],
    [1534, '1.5s'],
  ])('%d milliseconds are written %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });
});
