import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/hub/model/json.ts';
import { runQuery, twin } from './query-rows.ts';

function devices(...values: readonly (JsonValue | undefined)[]): readonly JsonObject[] {
  return values.map((x, index) => twin(`d${index}`, { tags: x === undefined ? {} : { x } }));
}

describe('"count() | avg(…) | sum(…) | min(…) | max(…)"', () => {
  test.each<[string, readonly JsonObject[], JsonObject]>([
    ['COUNT() AS n', devices(1, 2, undefined), { n: 3 }],
    ['count() as n', devices(), { n: 0 }],
    ['COUNT(*) AS n', devices(1), { n: 1 }],
    ['COUNT(1) AS n', devices(1, 2), { n: 2 }],
    ['SUM(tags.x) AS s', devices(1, 2.5, -1), { s: 2.5 }],
    ['AVG(tags.x) AS a', devices(1, 2), { a: 1.5 }],
    ['MIN(tags.x) AS low, MAX(tags.x) AS high', devices(3, -1, 2), { low: -1, high: 3 }],
    ['MIN(tags.x) AS low, MAX(tags.x) AS high', devices('b', 'a', 'c'), { low: 'a', high: 'c' }],
    ['COUNT(), MAX(tags.x)', devices(3), { COUNT: 1, MAX: 3 }],
  ])('SELECT %s', (list, rows, expected) => {
    expect(runQuery(`SELECT ${list} FROM devices`, rows)).toEqual([expected]);
  });

  test('what is no number does not count for SUM and AVG', () => {
    const rows = devices(1, '2', null, true, { y: 3 }, [4], undefined, 5);
    expect(runQuery('SELECT SUM(tags.x) AS s, AVG(tags.x) AS a FROM devices', rows)).toEqual([{ s: 6, a: 3 }]);
  });

  test('over nothing that counts, the member is left out', () => {
    const query = 'SELECT COUNT() AS n, SUM(tags.x) AS s, AVG(tags.x) AS a, MIN(tags.x) AS low FROM devices';
    expect(runQuery(query, devices({}, null, undefined))).toEqual([{ n: 3 }]);
  });

  test('MIN and MAX order different types by type, whatever the order of the rows', () => {
    const query = 'SELECT MIN(tags.x) AS low, MAX(tags.x) AS high FROM devices';
    const expected = [{ low: false, high: 'a' }];
    expect(runQuery(query, devices('a', 5, false, null))).toEqual(expected);
    expect(runQuery(query, devices(null, false, 'a', 5))).toEqual(expected);
  });

  test('WHERE comes first: only matching rows are counted', () => {
    expect(runQuery('SELECT COUNT() AS n FROM devices WHERE tags.x > 1', devices(1, 2, 3))).toEqual([{ n: 2 }]);
  });
});

describe('"It groups documents based on the value of an attribute"', () => {
  const rows = [
    twin('a', { tags: { site: 'X', floor: 1, load: 10 } }),
    twin('b', { tags: { site: 'Y', floor: 1, load: 20 } }),
    twin('c', { tags: { site: 'X', floor: 2, load: 30 } }),
    twin('d', { tags: { load: 40 } }),
  ];

  test('the groups come in the order of their first row; a group without the property is one without the member', () => {
    expect(runQuery('SELECT tags.site, COUNT() AS n FROM devices GROUP BY tags.site', rows)).toEqual([
      { site: 'X', n: 2 },
      { site: 'Y', n: 1 },
      { n: 1 },
    ]);
  });

  test('several properties make one group each combination', () => {
    const query =
      'SELECT tags.site AS s, tags.floor AS f, MAX(tags.load) AS m FROM devices GROUP BY tags.site, tags.floor';
    expect(runQuery(query, rows)).toEqual([
      { s: 'X', f: 1, m: 10 },
      { s: 'Y', f: 1, m: 20 },
      { s: 'X', f: 2, m: 30 },
      { m: 40 },
    ]);
  });

  test('without an aggregate the result is the distinct values', () => {
    expect(runQuery('SELECT tags.floor FROM devices GROUP BY tags.floor', rows)).toEqual([
      { floor: 1 },
      { floor: 2 },
      {},
    ]);
  });

  test('the property need not be selected, TOP cuts the groups, no rows give no group', () => {
    expect(runQuery('SELECT COUNT() AS n FROM devices GROUP BY tags.site', rows)).toEqual([
      { n: 2 },
      { n: 1 },
      { n: 1 },
    ]);
    expect(runQuery('SELECT TOP 1 COUNT() AS n FROM devices GROUP BY tags.site', rows)).toEqual([{ n: 2 }]);
    expect(runQuery('SELECT COUNT() AS n FROM devices GROUP BY tags.site', [])).toEqual([]);
  });

  test('types are told apart; the order of an object’s members is not', () => {
    const mixed = devices(1, '1', true, null, undefined, [1], { a: 1, b: 2 }, { b: 2, a: 1 }, [], {}, [['{}']]);
    const groups = runQuery('SELECT tags.x, COUNT() AS n FROM devices GROUP BY tags.x', mixed);
    expect(groups.map((group) => group['n'])).toEqual([1, 1, 1, 1, 1, 1, 2, 1, 1, 1]);
  });
});
