import { describe, expect, test } from 'vitest';
import { parseRecording } from '../../../src/device/replay/recording.ts';

const record = (time: string, more: object = {}): string =>
  JSON.stringify({ kind: 'telemetry', time, deviceId: 'pump', body: { n: 1 }, properties: { a: 'b' }, ...more });

describe('a recording', () => {
  test('has the messages of each device with their distance from the first, whatever the order of the lines', () => {
    const lines = [
      record('2026-01-01T00:00:02Z', { deviceId: 'fan', body: 'text' }),
      record('2026-01-01T00:00:01Z', { systemProperties: { messageId: 'm1', contentType: 'application/json' } }),
      record('2026-01-01T00:00:03.500Z', { bodyBase64: Buffer.from([255, 0]).toString('base64') }),
    ];
    const { devices, messages, lengthMs } = parseRecording(lines.join('\n'), 'r.ndjson');
    expect({ messages, lengthMs }).toEqual({ messages: 3, lengthMs: 2500 });
    const first = { body: '{"n":1}', messageId: 'm1', contentType: 'application/json', properties: { a: 'b' } };
    expect(devices.get('pump')).toMatchObject([
      { afterMs: 0, message: first },
      { afterMs: 2500, message: { body: Buffer.from([255, 0]) } },
    ]);
    expect(devices.get('fan')).toMatchObject([{ afterMs: 1000, message: { body: 'text' } }]);
  });

  test('may hold more than telemetry, which is counted and passed over', () => {
    const lines = [
      record('2026-01-01T00:00:00Z'),
      '{"kind":"twin","deviceId":"pump"}',
      record('2026-01-01T00:00:00Z', { moduleId: 'm' }),
    ];
    expect(parseRecording(lines.join('\n'), 'r.ndjson')).toMatchObject({ messages: 1, passedOver: 2 });
  });

  test('is sent as one device when that is asked for', () => {
    const lines = [record('2026-01-01T00:00:00Z'), record('2026-01-01T00:00:01Z', { deviceId: 'fan' })];
    const { devices } = parseRecording(lines.join('\n'), 'r.ndjson', 'stand-in');
    expect([...devices].map(([id, messages]) => [id, messages.length])).toEqual([['stand-in', 2]]);
  });

  test.each([
    ['no JSON', 'nonsense', 'r.ndjson:2'],
    ['no time', record('yesterday'), '"time" is no time'],
    ['no body', record('2026-01-01T00:00:00Z', { body: undefined }), 'neither "body" nor "bodyBase64"'],
    ['no device', record('2026-01-01T00:00:00Z', { deviceId: '' }), 'no "deviceId"'],
  ])('with a line that has %s is a wrong call that names it', (_, line, words) => {
    expect(() => parseRecording(`${record('2026-01-01T00:00:00Z')}\n${line}`, 'r.ndjson')).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(words) }),
    );
  });

  test('without telemetry is a wrong call', () => {
    expect(() => parseRecording('{"kind":"twin","deviceId":"pump"}', 'r.ndjson')).toThrow(
      expect.objectContaining({ exitCode: 2 }),
    );
  });
});
