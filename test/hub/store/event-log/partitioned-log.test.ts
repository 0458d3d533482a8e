import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceMessage } from '../../../../src/hub/model/device-message.ts';
import type { LoggedEvent, StartPosition } from '../../../../src/hub/model/event.ts';
import type { AppendLog } from '../../../../src/hub/store/event-log/append-log.ts';
import { openEventLog, type EventLogOptions } from '../../../../src/hub/store/event-log/event-log-options.ts';

const KB = 1024;
const HOUR_MS = 3_600_000;

let directory: string;
let nowMs: number;
let opened: AppendLog[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-events-'));
  nowMs = Date.UTC(2026, 0, 1);
  opened = [];
});
afterEach(() => {
  for (const log of opened) log.close();
  rmSync(directory, { recursive: true });
});

function open(options: EventLogOptions): AppendLog {
  const log = openEventLog(options, {
    now: () => nowMs,
    onFault: (error) => {
      throw error;
    },
  });
  opened.push(log);
  return log;
}

/** Appends and waits for the write. */
async function append(log: AppendLog, texts: readonly string[], partition = 0): Promise<void> {
  for (const text of texts) log.append(partition, '{"a":"b"}', message(text));
  await new Promise((resolve) => setImmediate(resolve));
}

function message(text: string): DeviceMessage {
  return {
    body: Buffer.from(text),
    properties: { key: 'välue', none: null },
    systemProperties: { 'message-id': text },
  };
}

function readAll(log: AppendLog, start: StartPosition = { kind: 'earliest' }, partition = '0'): LoggedEvent[] {
  return log.openReader(partition, start)?.read(Infinity) ?? [];
}

const texts = (events: readonly LoggedEvent[]): string[] => events.map(({ body }) => body.toString());
const numbers = (events: readonly LoggedEvent[]): number[] => events.map(({ sequenceNumber }) => sequenceNumber);

describe.each(['memory', 'files'] as const)('an event log in %s', (kind) => {
  const options = (): EventLogOptions => (kind === 'files' ? { directory } : {});

  test('gives back what was appended, in order, with numbers from 0 and growing offsets', async () => {
    const log = open(options());
    await append(log, ['a', 'b']);
    await append(log, ['c']);
    const events = readAll(log);
    expect(texts(events)).toEqual(['a', 'b', 'c']);
    expect(numbers(events)).toEqual([0, 1, 2]);
    const offsets = events.map(({ offset }) => Number(offset));
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(events[1]).toMatchObject({
      annotations: { a: 'b' },
      properties: { key: 'välue', none: null },
      systemProperties: { 'message-id': 'b' },
      enqueuedMs: nowMs,
    });
  });

  test('keeps partitions apart', async () => {
    const log = open(options());
    await append(log, ['a'], 1);
    await append(log, ['b'], 3);
    expect(['0', '1', '2', '3'].map((id) => texts(readAll(log, undefined, id)))).toEqual([[], ['a'], [], ['b']]);
    expect(log.openReader('4', { kind: 'earliest' })).toBeUndefined();
  });

  test('says what a partition holds', async () => {
    const log = open(options());
    expect(log.properties('0')).toEqual({
      id: '0',
      beginSequenceNumber: 0,
      lastSequenceNumber: -1,
      lastOffset: '-1',
      lastEnqueuedMs: 0,
      isEmpty: true,
    });
    await append(log, ['a', 'b']);
    expect(log.properties('0')).toEqual({
      id: '0',
      beginSequenceNumber: 0,
      lastSequenceNumber: 1,
      lastOffset: readAll(log)[1]?.offset,
      lastEnqueuedMs: nowMs,
      isEmpty: false,
    });
  });

  test('starts where it is told', async () => {
    const log = open(options());
    const times: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      times.push(nowMs);
      await append(log, [`${index}.0 ${'x'.repeat(20 * KB)}`, `${index}.1`]);
      nowMs += 1000;
    }
    const all = readAll(log);
    expect(numbers(all)).toEqual(Array.from({ length: 80 }, (_, index) => index));
    const from = (start: StartPosition): number | undefined => readAll(log, start)[0]?.sequenceNumber;
    for (const sequenceNumber of [0, 1, 17, 60, 78]) {
      const offset = Number(all[sequenceNumber]?.offset);
      expect(from({ kind: 'sequenceNumber', sequenceNumber, inclusive: true })).toBe(sequenceNumber);
      expect(from({ kind: 'sequenceNumber', sequenceNumber, inclusive: false })).toBe(sequenceNumber + 1);
      expect(from({ kind: 'offset', offset, inclusive: true })).toBe(sequenceNumber);
      expect(from({ kind: 'offset', offset, inclusive: false })).toBe(sequenceNumber + 1);
    }
    expect(from({ kind: 'enqueuedTime', enqueuedMs: times[30] ?? 0, inclusive: true })).toBe(60);
    expect(from({ kind: 'enqueuedTime', enqueuedMs: times[30] ?? 0, inclusive: false })).toBe(62);
    expect(from({ kind: 'enqueuedTime', enqueuedMs: 0, inclusive: false })).toBe(0);
    expect(from({ kind: 'enqueuedTime', enqueuedMs: nowMs, inclusive: true })).toBeUndefined();
    expect(from({ kind: 'offset', offset: Number(all[79]?.offset), inclusive: false })).toBeUndefined();
  });

  test('a reader at the latest event sees only what comes, and is told of it', async () => {
    const log = open(options());
    await append(log, ['old']);
    const reader = log.openReader('0', { kind: 'latest' });
    let told = 0;
    const stop = log.onAppended('0', () => (told += 1));
    await append(log, ['a', 'b']);
    await append(log, ['c'], 1);
    expect(told).toBe(1);
    expect(texts(reader?.read(1) ?? [])).toEqual(['a']);
    expect(texts(reader?.read(10) ?? [])).toEqual(['b']);
    expect(reader?.read(10)).toEqual([]);
    stop();
    await append(log, ['d']);
    expect([told, texts(reader?.read(10) ?? [])]).toEqual([1, ['d']]);
  });

  test('drops the oldest beyond its size, and readers go on with what is left', async () => {
    const log = open({ ...options(), maxBytes: 4 * 256 * KB });
    const slow = log.openReader('0', { kind: 'earliest' });
    await append(log, ['first']);
    expect(texts(slow?.read(1) ?? [])).toEqual(['first']);
    for (let index = 0; index < 60; index += 1) await append(log, [`${index} ${'x'.repeat(10 * KB)}`]);
    log.sweep();
    const left = readAll(log);
    expect(left.length).toBeGreaterThan(8);
    expect(left.length).toBeLessThan(14);
    expect(left.at(-1)?.sequenceNumber).toBe(60);
    expect(log.properties('0')?.beginSequenceNumber).toBe(left[0]?.sequenceNumber);
    expect(slow?.read(1)[0]?.sequenceNumber).toBe(left[0]?.sequenceNumber);
  });

  test('drops what is older than a day, and counts on', async () => {
    const log = open(options());
    await append(log, ['a']);
    nowMs += 12 * HOUR_MS;
    await append(log, ['b']);
    nowMs += 13 * HOUR_MS;
    log.sweep();
    expect(texts(readAll(log))).toEqual(['b']);
    nowMs += 24 * HOUR_MS;
    log.sweep();
    expect(log.properties('0')).toMatchObject({ isEmpty: true, beginSequenceNumber: 2, lastSequenceNumber: 1 });
    await append(log, ['c']);
    expect(numbers(readAll(log))).toEqual([2]);
  });

  test('time never goes back in a partition', async () => {
    const log = open(options());
    await append(log, ['a']);
    nowMs -= 5000;
    await append(log, ['b']);
    expect(readAll(log).map(({ enqueuedMs }) => enqueuedMs)).toEqual([nowMs + 5000, nowMs + 5000]);
  });

  test('takes a burst that is larger than a frame', async () => {
    const log = open(options());
    const body = 'x'.repeat(200 * KB);
    await append(
      log,
      Array.from({ length: 12 }, (_, index) => `${index}${body}`),
    );
    expect(numbers(readAll(log))).toEqual(Array.from({ length: 12 }, (_, index) => index));
  });
});

describe('an event log in memory', () => {
  test('has nothing to wait for', () => {
    expect(open({}).append(0, '{}', message('a'))).toBeUndefined();
  });
});

describe('an event log in files', () => {
  test('one batch is told behind the write', async () => {
    const log = open({ directory });
    const first = log.append(0, '{}', message('a'));
    expect(log.append(1, '{}', message('b'))).toBe(first);
    const outcome = await new Promise((resolve) => first?.whenStored(resolve));
    expect(outcome).toBeUndefined();
    expect(texts(readAll(log, undefined, '1'))).toEqual(['b']);
  });

  test('holds after it was opened again, and counts on', async () => {
    const log = open({ directory });
    await append(log, ['a', 'b']);
    const before = log.properties('0');
    const again = open({ directory });
    expect(again.properties('0')).toEqual(before);
    expect(again.createdMs).toBe(log.createdMs);
    await append(again, ['c']);
    expect(numbers(readAll(again))).toEqual([0, 1, 2]);
  });

  test('counts on when everything was too old', async () => {
    const log = open({ directory });
    await append(log, ['a', 'b']);
    nowMs += 48 * HOUR_MS;
    log.sweep();
    const again = open({ directory });
    await append(again, ['c']);
    expect(numbers(readAll(again))).toEqual([2]);
  });

  test('a torn last write is cut off, at every length', async () => {
    const log = open({ directory });
    await append(log, ['a']);
    const file = onlyFile(join(directory, '0'));
    const whole = statSync(file).size;
    await append(log, ['b']);
    const both = statSync(file).size;
    for (const size of [both - 1, whole + 40, whole + 1]) {
      truncateSync(file, size);
      const again = open({ directory });
      expect(statSync(file).size).toBe(whole);
      await append(again, ['c']);
      expect(texts(readAll(again))).toEqual(['a', 'c']);
      expect(statSync(file).size).toBe(both);
    }
  });

  test('bytes of something else at the end are cut off', async () => {
    const log = open({ directory });
    await append(log, ['a']);
    appendFileSync(onlyFile(join(directory, '0')), Buffer.alloc(100, 7));
    const again = open({ directory });
    expect(texts(readAll(again))).toEqual(['a']);
  });

  test('finds its way in segments that another process wrote', async () => {
    const log = open({ directory, maxBytes: 4 * 2048 * KB });
    for (let index = 0; index < 60; index += 1) await append(log, [`${index} ${'x'.repeat(10 * KB)}`]);
    expect(readdirSync(join(directory, '0')).length).toBeGreaterThan(3);
    const again = open({ directory, maxBytes: 4 * 2048 * KB });
    expect(numbers(readAll(again))).toEqual(Array.from({ length: 60 }, (_, index) => index));
    const sequence = { kind: 'sequenceNumber', sequenceNumber: 33, inclusive: true } as const;
    expect(readAll(again, sequence)[0]?.body.toString().slice(0, 2)).toBe('33');
  });
});

function onlyFile(folder: string): string {
  const [name] = readdirSync(folder);
  return join(folder, name ?? '');
}
