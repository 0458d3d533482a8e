import { beforeAll, describe, expect, test } from 'vitest';
import { changesOf, keyRows } from '../../src/service/row-changes.ts';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();
const COUNT = 230;

beforeAll(async () => {
  const client = await hub.client();
  for (let start = 0; start < COUNT; start += 100) {
    const items = Array.from({ length: Math.min(100, COUNT - start) }, (_, index) => ({
      id: `d${start + index}`,
      importMode: 'create',
      tags: { number: start + index, location: { plant: (start + index) % 2 === 0 ? 'even' : 'odd' } },
    }));
    await client.changeDevices(items);
  }
  client.close();
});

describe('query', () => {
  test('nothing means all devices, page after page to the end', async () => {
    const run = await hub.run(['query', '-o', 'json']);
    expect(run.json()).toHaveLength(COUNT);
    expect(run.json()[0]).toMatchObject({ deviceId: 'd0', tags: { number: 0 }, properties: { desired: {} } });
  });

  test('a bare condition is enough', async () => {
    const run = await hub.run(['query', "tags.location.plant = 'even' AND tags.number < 10", '-o', 'ndjson']);
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(5);
  });

  test('aggregates and projections come out as rows', async () => {
    const text = 'SELECT tags.location.plant AS plant, COUNT() AS devices FROM devices GROUP BY tags.location.plant';
    const run = await hub.run(['query', text, '-o', 'json']);
    expect(run.json()).toEqual(
      expect.arrayContaining([
        { plant: 'even', devices: 115 },
        { plant: 'odd', devices: 115 },
      ]),
    );
    const table = await hub.run(['query', text]);
    expect(table.stdout).toMatch(/^PLANT {2,}DEVICES\n/);
  });

  test('csv has dotted columns', async () => {
    const run = await hub.run(['query', 'SELECT deviceId, tags FROM devices WHERE tags.number = 7', '-o', 'csv']);
    expect(run.stdout).toBe('deviceId,tags.number,tags.location.plant\nd7,7,odd\n');
  });

  test('--max ends early, --count-only counts', async () => {
    expect((await hub.run(['query', '--max', '3', '-o', 'json'])).json()).toHaveLength(3);
    expect((await hub.run(['query', '--max', '150', '-o', 'json'])).json()).toHaveLength(150);
    expect((await hub.run(['query', '--count-only'])).stdout).toBe(`${COUNT}\n`);
    expect((await hub.run(['query', '--count-only', 'tags.number < 5', '-o', 'json'])).json()).toEqual({ count: 5 });
    const own = 'SELECT deviceId FROM devices WHERE tags.number < 4';
    expect((await hub.run(['query', '--count-only', own])).stdout).toBe('4\n');
  });

  test('nothing found is an empty result and 0', async () => {
    const run = await hub.run(['query', "tags.location.plant = 'none'", '-o', 'json']);
    expect([run.exitCode, run.stdout]).toEqual([0, '[]\n']);
  });

  test('a refused query is 2, shown with the place', async () => {
    const run = await hub.run(['query', 'tags.number === 7']);
    expect(run.exitCode).toBe(2);
    const [caret, text] = run.stderr.trimEnd().split('\n').reverse();
    expect(text?.[caret?.indexOf('^') ?? 0]).toBe('=');
  });

  test('--watch off a terminal: the rows there are, then one record a change', async () => {
    await hub.run(['tag', 'd10', 'watched:=true', 'mood=calm']);
    const change = async (): Promise<void> => {
      await hub.run(['tag', 'd10', 'mood=cross']);
      await hub.run(['tag', 'd11', 'watched:=true']);
    };
    const run = await hub.run(['query', 'tags.watched = true', '--watch', '1s', '--count', '3'], {
      when: { text: 'Watching', act: change },
    });
    expect(run.exitCode).toBe(0);
    const records = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ change, row, before }) => [change, row.deviceId, row.tags.mood, before?.tags.mood])).toEqual([
      ['present', 'd10', 'calm', undefined],
      ['changed', 'd10', 'cross', 'calm'],
      ['added', 'd11', undefined, undefined],
    ]);
  });

  test('--watch on a terminal: the rows, with what changed marked', async () => {
    await hub.run(['tag', 'd20', 'shown:=true', 'mood=calm']);
    await hub.run(['tag', 'd21', 'shown:=true']);
    const terminal = { tty: { stdin: true, stdout: true, stderr: true }, width: () => 160, height: () => 20 };
    const change = async (): Promise<void> => {
      await hub.run(['tag', 'd20', 'mood=cross']);
      await hub.run(['tag', 'd21', 'shown:=null']);
    };
    const run = await hub.run(['query', 'tags.shown = true', '--watch', '1s', '--count', '4'], {
      when: { text: 'DEVICEID', act: change },
      terminal,
    });
    const screens = run.stdout.split('\u001b[H\u001b[2J').slice(1);
    expect(screens.length).toBeGreaterThan(1);
    expect(screens[0]).toMatch(/^2 rows at .*, every 1s\n/);
    expect(screens.at(-1)).toMatch(/~ {2}d20 .*cross/);
    expect(screens.slice(1).join('')).toMatch(/- {2}d21 /);
  });

  test('what is told apart: rows by their ids, aggregates by what is no number', () => {
    const before = keyRows([
      { deviceId: 'a', lastActivityTime: '1' },
      { plant: 'x', devices: 1 },
      { plant: 'y', devices: 1 },
    ]);
    const after = keyRows([
      { deviceId: 'a', lastActivityTime: '2' },
      { plant: 'x', devices: 2 },
      { plant: 'z', devices: 1 },
    ]);
    expect([...changesOf(before, after).values()]).toEqual([
      { change: 'changed', row: { plant: 'x', devices: 2 }, before: { plant: 'x', devices: 1 } },
      { change: 'added', row: { plant: 'z', devices: 1 } },
      { change: 'removed', row: { plant: 'y', devices: 1 } },
    ]);
  });

  test('-o json with --watch is a wrong call', async () => {
    expect((await hub.run(['query', '--watch', '-o', 'json'])).exitCode).toBe(2);
  });
});

// Several at once: most of the time is waiting.
describe.concurrent('wait', () => {
  test('ends with 0 when the condition comes true', async () => {
    const run = await hub.run(['wait', 'd1', 'tags.ready = true', '-o', 'json'], {
      when: { text: 'Waiting until', act: () => hub.run(['tag', 'd1', 'ready:=true']) },
    });
    expect(run.exitCode).toBe(0);
    expect(run.json()).toMatchObject({ deviceId: 'd1', condition: 'tags.ready = true' });
  });

  test('ends with 6 when it never does, with 3 when there is no such device', async () => {
    expect((await hub.run(['wait', 'd2', 'tags.ready = true', '--timeout', '1s'])).exitCode).toBe(6);
    expect((await hub.run(['wait', 'nobody', 'tags.ready = true'])).exitCode).toBe(3);
  });

  test('a bad condition is 2', async () => {
    expect((await hub.run(['wait', 'd2', 'tags.ready === true'])).exitCode).toBe(2);
  });
});
