import { describe, expect, test } from 'vitest';
import { type OutputFormat, recordWriter } from '../../src/terminal/index.ts';
import { bufferTerminal } from './buffer-terminal.ts';

const ROWS = [
  { deviceId: 'a', tags: { location: { plant: 'R43' } } },
  { deviceId: 'b', list: [1, 2], note: 'say "hi", twice' },
];

async function written(format: OutputFormat, rows: readonly object[], options = {}): Promise<string> {
  const { terminal, stdout } = bufferTerminal();
  const writer = recordWriter<object>(terminal, { format, ...options });
  for (const row of rows) await writer.write(row);
  await writer.end();
  return stdout();
}

describe('writing records', () => {
  test('json is one document, an array where many are possible', async () => {
    expect(JSON.parse(await written('json', ROWS))).toEqual(ROWS);
    expect(JSON.parse(await written('json', []))).toEqual([]);
  });

  test('json is an object where one device was named', async () => {
    expect(JSON.parse(await written('json', ROWS.slice(0, 1), { single: true }))).toEqual(ROWS[0]);
  });

  test('ndjson is one document a line', async () => {
    const lines = (await written('ndjson', ROWS)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(ROWS);
  });

  test('csv has a column for every path that any record has', async () => {
    expect(await written('csv', ROWS)).toBe(
      'deviceId,tags.location.plant,list,note\na,R43,,\nb,,"[1,2]","say ""hi"", twice"\n',
    );
  });

  test('a table that is piped is never cut', async () => {
    const long = 'x'.repeat(500);
    expect(await written('table', [{ deviceId: long }])).toContain(long);
  });

  test('a table fits the terminal, the widest column giving way', async () => {
    const { terminal, stdout } = bufferTerminal({
      tty: { stdin: false, stdout: true, stderr: false },
      width: () => 40,
    });
    const writer = recordWriter<object>(terminal, { format: 'table' });
    await writer.write({ id: 'short', text: 'word '.repeat(40) });
    await writer.end();
    const lines = stdout().trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines[1]).toMatch(/^short {2}word.*…$/);
  });

  test('what a device reports cannot steer the terminal', async () => {
    expect(await written('table', [{ text: 'a\u001b[2Jb' }])).toContain('a\\x1b[2Jb');
  });

  test('nothing found is an empty table and a word on stderr', async () => {
    const { terminal, stdout, stderr } = bufferTerminal();
    await recordWriter(terminal, { format: 'table', empty: 'No rows.' }).end();
    expect([stdout(), stderr()]).toEqual(['', 'No rows.\n']);
  });
});
