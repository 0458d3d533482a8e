import { describe, expect, test } from 'vitest';
import { type Moment, Timeline } from '../../src/service/monitor/timeline.ts';

const at = (source: string, sequenceNumber: number, enqueuedMs: number): Moment => ({
  source,
  sequenceNumber,
  enqueuedMs,
});
const times = (moments: readonly Moment[]): number[] => moments.map(({ enqueuedMs }) => enqueuedMs);

describe('a timeline of several sources', () => {
  test('holds a fresh moment for a short while, so that an older one can still come before it', () => {
    const timeline = new Timeline();
    timeline.push(at('a', 1, 20), 0);
    expect(timeline.take(50)).toEqual([]);
    timeline.push(at('b', 1, 10), 50);
    expect(times(timeline.take(120))).toEqual([]);
    expect(times(timeline.take(160))).toEqual([10, 20]);
  });

  test('shows nothing of what came long ago before all that hold something have told it', () => {
    const timeline = new Timeline();
    timeline.expect('a', 2, 0);
    timeline.expect('b', 1, 0);
    timeline.push(at('a', 1, 10), 1);
    timeline.push(at('a', 2, 40), 1);
    expect(timeline.take(500)).toEqual([]);
    timeline.push(at('b', 0, 30), 600);
    expect(times(timeline.take(600))).toEqual([10, 30]);
    timeline.push(at('b', 1, 35), 700);
    expect(times(timeline.take(900))).toEqual([35, 40]);
  });

  test('does not wait for ever for a source that is silent', () => {
    const timeline = new Timeline();
    timeline.expect('silent', 5, 0);
    timeline.push(at('a', 1, 10), 0);
    expect(timeline.take(2900)).toEqual([]);
    expect(times(timeline.take(3100))).toEqual([10]);
  });

  test('what is filtered out tells how far its source is', () => {
    const timeline = new Timeline();
    timeline.expect('b', 1, 0);
    timeline.push(at('a', 1, 10), 0);
    timeline.pass(at('b', 1, 20), 0);
    expect(times(timeline.take(200))).toEqual([10]);
  });

  test('keeps the order of one source where the clock says the same', () => {
    const timeline = new Timeline();
    timeline.push(at('a', 2, 10), 0);
    timeline.push(at('a', 1, 10), 0);
    expect(timeline.takeAll().map(({ sequenceNumber }) => sequenceNumber)).toEqual([1, 2]);
  });
});
