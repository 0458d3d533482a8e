import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/hub/model/json.ts';
import { parseQuery, PathIndex, PathIndexes, planQuery } from '../../../src/hub/query/index.ts';
import type { EqualityCandidate } from '../../../src/hub/query/index.ts';
import { documentSource, twin } from './query-rows.ts';

const SOURCE = documentSource('devices');

function equality(where: string): readonly EqualityCandidate[] {
  return planQuery(parseQuery(`SELECT * FROM devices WHERE ${where}`), SOURCE).equality;
}

function tagged(id: string, a: JsonValue): JsonObject {
  return twin(id, { tags: { a } });
}

describe('the equality predicates that a row must meet', () => {
  test.each<[string, readonly [string, readonly unknown[]][]]>([
    ["tags.a = 'x'", [['tags.a', ['x']]]],
    ["'x' = tags.a", [['tags.a', ['x']]]],
    [
      "Tags.[[a]] = 'x' AND tags.b.c = 2 AND tags.d > 3",
      [
        ['tags.a', ['x']],
        ['tags.b.c', [2]],
      ],
    ],
    [
      "(tags.a = 'x' AND (tags.b = true)) AND DeviceId = 'd'",
      [
        ['tags.a', ['x']],
        ['tags.b', [true]],
        ['deviceId', ['d']],
      ],
    ],
    ["devices.tags.a IN ['x', 'y', 'x', undefined]", [['tags.a', ['x', 'y']]]],
    ['tags.a = null', [['tags.a', [null]]]],
    ['tags.a = undefined', [['tags.a', []]]],
    ["tags.a = 'x' OR tags.b = 'y'", []],
    ["NOT tags.a = 'x'", []],
    ["tags.a != 'x' AND tags.b NIN ['y']", []],
    ['tags.a = tags.b', []],
    ["STARTSWITH(tags.a, 'x')", []],
  ])('%s', (where, expected) => {
    expect(equality(where).map(({ key, values }) => [key, values])).toEqual(expected);
  });

  test('a query without WHERE has none', () => {
    expect(planQuery(parseQuery('SELECT * FROM devices'), SOURCE).equality).toEqual([]);
  });
});

describe('an index of one path', () => {
  test('finds what was added, by value and type, and forgets what was removed', () => {
    const index = new PathIndex(['tags', 'a'], SOURCE);
    index.add('d1', tagged('d1', 'x'));
    index.add('d2', tagged('d2', 'x'));
    index.add('d3', tagged('d3', 1));
    index.add('d4', tagged('d4', null));
    index.add('d5', tagged('d5', { a: 'x' }));
    index.add('d6', twin('d6'));
    expect([...index.find('x')]).toEqual(['d1', 'd2']);
    expect([...index.find(1)]).toEqual(['d3']);
    expect([...index.find('1')]).toEqual([]);
    expect([...index.find(null)]).toEqual(['d4']);
    index.remove('d1', tagged('d1', 'x'));
    index.remove('d2', tagged('d2', 'x'));
    expect(index.find('x').size).toBe(0);
  });

  test('follows a row from value to value', () => {
    const index = new PathIndex(['tags', 'a'], SOURCE);
    index.update('d', undefined, tagged('d', 'x'));
    index.update('d', tagged('d', 'x'), tagged('d', 'y'));
    expect([...index.find('x'), '|', ...index.find('y')]).toEqual(['|', 'd']);
    index.update('d', tagged('d', 'y'), twin('d'));
    expect(index.find('y').size).toBe(0);
    index.update('d', twin('d'), tagged('d', 'z'));
    index.update('d', tagged('d', 'z'), undefined);
    expect(index.find('z').size).toBe(0);
  });
});

describe('the indexes of a source', () => {
  const ROWS = new Map([
    ['d1', twin('d1', { tags: { a: 'x', b: 1 } })],
    ['d2', twin('d2', { tags: { a: 'x', b: 2 } })],
    ['d3', twin('d3', { tags: { a: 'y', b: 2 } })],
  ]);
  const entries = () => ROWS.entries();

  test('the most selective predicate answers', () => {
    const indexes = new PathIndexes(SOURCE);
    expect([...(indexes.find(equality("tags.a = 'x' AND tags.b = 1"), entries) ?? [])]).toEqual(['d1']);
    expect([...(indexes.find(equality("tags.a IN ['x', 'y', 'z']"), entries) ?? [])]).toEqual(['d1', 'd2', 'd3']);
    expect([...(indexes.find(equality('tags.a = undefined'), entries) ?? ['scan'])]).toEqual([]);
  });

  test('without an equality on an indexable path every row must be looked at', () => {
    const indexes = new PathIndexes(SOURCE, { isIndexable: ([root]) => root !== 'connectionState' });
    expect(indexes.find(equality('tags.a > 1'), entries)).toBeUndefined();
    expect(indexes.find(equality("connectionState = 'Connected'"), entries)).toBeUndefined();
    expect(indexes.find(equality("connectionState = 'Connected' AND tags.a = 'y'"), entries)?.size).toBe(1);
  });

  test('the rows are read once for a path; after that the changes keep the index', () => {
    const indexes = new PathIndexes(SOURCE);
    let reads = 0;
    const counted = () => {
      reads += 1;
      return entries();
    };
    indexes.find(equality("tags.a = 'x'"), counted);
    indexes.update('d4', undefined, tagged('d4', 'x'));
    expect([...(indexes.find(equality("tags.a = 'x'"), counted) ?? [])]).toEqual(['d1', 'd2', 'd4']);
    expect(reads).toBe(1);
  });

  test('past the limit the path not asked for longest makes room', () => {
    const indexes = new PathIndexes(SOURCE, { limit: 2 });
    const built: string[] = [];
    const ask = (path: string) =>
      indexes.find(equality(`${path} = 'x'`), () => {
        built.push(path);
        return entries();
      });
    ['tags.a', 'tags.b', 'tags.a', 'tags.c', 'tags.a', 'tags.b'].forEach(ask);
    expect(built).toEqual(['tags.a', 'tags.b', 'tags.c', 'tags.b']);
  });
});
