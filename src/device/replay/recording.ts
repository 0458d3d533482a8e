import { readFileSync } from 'node:fs';
import { isJsonObject, parseJson } from '../../sdk/device-json.ts';
import type { JsonObject, JsonValue, TelemetryMessage } from '../../sdk/device-link.ts';
import { type ProgramError, wrongCall } from '../../terminal/index.ts';

/** One message that a device sent, and when, counted from the first of the recording. */
export interface RecordedMessage {
  readonly afterMs: number;
  readonly message: TelemetryMessage;
}

export interface Recording {
  /** Of each device in the order of time. */
  readonly devices: ReadonlyMap<string, readonly RecordedMessage[]>;
  readonly messages: number;
  readonly lengthMs: number;
  /** Records that are no telemetry of a device: twin changes, connects, what modules sent. */
  readonly passedOver: number;
}

/**
 * Reads what `hub-admin monitor --record` writes: one JSON object a line with `time`, `deviceId`, `bodyBase64` or `body`, `properties`
 * and `systemProperties`; `enqueuedTime` is taken for `time`. Records of another `kind` than telemetry are passed over.
 *
 * @param file     `-` is stdin
 * @param deviceId who sends all of it; undefined: each message its own device
 * @throws ProgramError `wrongCall` that names the line; also when there is no telemetry in it
 */
export function readRecording(file: string, deviceId?: string): Recording {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw wrongCall(
      `the recording ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'make one with: hub-admin monitor --kind telemetry --record recording.ndjson',
    );
  }
  return parseRecording(text, file, deviceId);
}

/** @throws ProgramError `wrongCall`, as above */
export function parseRecording(text: string, file: string, as?: string): Recording {
  const sent: Sent[] = [];
  let passedOver = 0;
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const record = readRecord(line, `${file}:${at + 1}`);
    if (record === undefined) passedOver += 1;
    else sent.push(record);
  }
  if (sent.length === 0) {
    throw wrongCall(`the recording ${file} holds no telemetry`, 'record some with: hub-admin monitor --record <file>');
  }
  // Stable: what has one time stays in the order of the file.
  sent.sort((a, b) => a.timeMs - b.timeMs);
  const begunMs = sent[0]?.timeMs ?? 0;
  const devices = new Map<string, RecordedMessage[]>();
  for (const { deviceId, timeMs, message } of sent) {
    const sender = as ?? deviceId;
    const messages = devices.get(sender) ?? [];
    messages.push({ afterMs: timeMs - begunMs, message });
    devices.set(sender, messages);
  }
  return { devices, messages: sent.length, lengthMs: (sent.at(-1)?.timeMs ?? begunMs) - begunMs, passedOver };
}

interface Sent {
  readonly deviceId: string;
  readonly timeMs: number;
  readonly message: TelemetryMessage;
}

function readRecord(line: string, where: string): Sent | undefined {
  const record = readObject(line, where);
  if ((record['kind'] ?? 'telemetry') !== 'telemetry' || record['moduleId'] !== undefined) return undefined;
  const { deviceId } = record;
  if (typeof deviceId !== 'string' || deviceId === '') throw wrongRecord(where, 'it has no "deviceId"');
  const time = record['time'] ?? record['enqueuedTime'];
  const timeMs = typeof time === 'string' ? Date.parse(time) : NaN;
  if (Number.isNaN(timeMs)) throw wrongRecord(where, '"time" is no time such as 2026-01-31T12:00:00.000Z');
  const system = textsOf(record['systemProperties'], `${where}: systemProperties`);
  const { messageId, correlationId, userId, contentType, contentEncoding, creationTimeUtc } = system;
  const message = { messageId, correlationId, userId, contentType, contentEncoding, creationTimeUtc };
  const properties = textsOf(record['properties'], `${where}: properties`);
  return { deviceId, timeMs, message: { ...message, body: bodyOf(record, where), properties } };
}

function readObject(line: string, where: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(line);
  } catch (error) {
    throw wrongRecord(where, error instanceof Error ? error.message : String(error));
  }
  if (!isJsonObject(value)) throw wrongRecord(where, 'it is no object');
  return value;
}

function bodyOf({ body, bodyBase64 }: JsonObject, where: string): string | Buffer {
  if (typeof bodyBase64 === 'string') return Buffer.from(bodyBase64, 'base64');
  if (body === undefined) throw wrongRecord(where, 'it has neither "body" nor "bodyBase64"');
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function textsOf(
  value: JsonValue | undefined,
  where: string,
): Readonly<Record<string, string | undefined>> & Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw wrongRecord(where, 'it is no object');
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, typeof member === 'string' ? member : JSON.stringify(member)]),
  );
}

function wrongRecord(where: string, why: string): ProgramError {
  return wrongCall(`${where}: no record of a message: ${why}`, 'a recording is what hub-admin monitor --record writes');
}
