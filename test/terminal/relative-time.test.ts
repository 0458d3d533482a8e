import { expect, test } from 'vitest';
import { relativeTime } from '../../src/terminal/index.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['2026-03-01T11:59:59.5Z', 'just now'],
  ['2026-03-01T11:59:15Z', '45 s ago'],
  ['2026-03-01T11:56:59.1234567Z', '3 min ago'],
  ['2026-03-01T14:30:00Z', 'in 2 h'],
  ['2026-02-20T12:00:00Z', '9 d ago'],
  ['2024-02-20T12:00:00Z', '2024-02-20'],
  ['0001-01-01T00:00:00', undefined],
  ['yesterday', 'yesterday'],
  [undefined, undefined],
  [42, 42],
])('%s is %s', (time, expected) => {
  expect(relativeTime(time, NOW)).toBe(expected);
});
