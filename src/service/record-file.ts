import { isObject, type JsonObject } from '../sdk/service-documents.ts';
import { wrongCall } from '../terminal/index.ts';

/** What the records of an earlier run say: for each device the last word counts. */
export interface RecordedRun {
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
}

/**
 * The records that a command with many targets wrote with `-o ndjson` or `-o json`: one that has an `error` failed.
 *
 * @throws ProgramError `wrongCall` for anything else: what is no record file must not look like one where nothing failed
 */
export function parseRecordFile(text: string, file: string): RecordedRun {
  const done = new Set<string>();
  const failed = new Set<string>();
  for (const { record, where } of readRecords(text, file)) {
    const deviceId = isObject(record) ? record['deviceId'] : undefined;
    if (!isObject(record) || typeof deviceId !== 'string' || deviceId === '') {
      throw notRecords(`${where}: no record of a device: ${excerpt(record)}`);
    }
    if (record['dryRun'] === true) throw notRecords(`${where}: it comes from a dry run, where nothing was done`);
    done.delete(deviceId);
    failed.delete(deviceId);
    (hasFailed(record) ? failed : done).add(deviceId);
  }
  if (done.size + failed.size === 0) throw notRecords(`${file} has no records`);
  return { done, failed };
}

function hasFailed(record: JsonObject): boolean {
  return isObject(record['error']);
}

function readRecords(text: string, file: string): { record: unknown; where: string }[] {
  const whole = tryParse(text);
  if (Array.isArray(whole))
    return whole.map((record: unknown, index) => ({ record, where: `${file}, record ${index + 1}` }));
  if (isObject(whole)) return [{ record: whole, where: file }];
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), where: `${file}, line ${index + 1}` }))
    .filter(({ line }) => line !== '');
  return lines.flatMap(({ line, where }, index) => {
    const record = tryParse(line);
    if (record !== undefined) return [{ record, where }];
    // A run that was killed may have left half a line: that device is done again.
    if (index > 0 && index === lines.length - 1) return [];
    throw notRecords(`${where} is not JSON: ${excerpt(line)}`);
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notRecords(message: string): Error {
  return wrongCall(
    `--retry-failed: ${message}`,
    'it reads what a command wrote with -o ndjson or -o json: hub-admin reboot --where … -o ndjson > records.ndjson',
  );
}

function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
