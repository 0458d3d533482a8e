import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/hub/model/json.ts';
import { parseQuery, planQuery } from '../../../src/hub/query/index.ts';
import { matchesTags, runQuery, twin } from './query-rows.ts';

const TAGS: JsonObject = {
  one: 1,
  two: 2,
  half: 0.5,
  text: 'abc',
  empty: '',
  yes: true,
  no: false,
  nothing: null,
  list: ['a', 1, null, { b: 1 }],
  object: { inner: 'x' },
  group: 'g',
  'my key': 'spaced',
  größe: 'XL',
};

/** Conditions with whether a device with TAGS meets them. */
function rows(cases: Readonly<Record<string, boolean>>): void {
  test.each(Object.entries(cases))('%s is %s', (condition, expected) => {
    expect(matchesTags(condition, TAGS)).toBe(expected);
  });
}

describe('"Any constant different than Boolean true is considered as false"', () => {
  rows({
    'tags.yes': true,
    'tags.no': false,
    true: true,
    false: false,
    null: false,
    undefined: false,
    'tags.missing': false,
    'tags.nothing': false,
    "'true'": false,
    '1': false,
    'tags.one': false,
    'tags.text': false,
    'tags.list': false,
    'tags.object': false,
    "['a']": false,
  });
});

describe('the three-valued tables of AND, OR and NOT', () => {
  rows({
    'true AND true': true,
    'true AND undefined': false,
    'NOT (true AND undefined)': false,
    'NOT (false AND undefined)': true,
    'NOT (undefined AND false)': true,
    'undefined OR true': true,
    'true OR undefined': true,
    'NOT (undefined OR true)': false,
    'NOT (undefined OR false)': false,
    'NOT (false OR false)': true,
    'NOT undefined': false,
    'NOT null': false,
    "NOT 'text'": false,
    'NOT tags.one': false,
    'NOT false': true,
    'NOT NOT true': true,
    'NOT NOT undefined': false,
    'NOT tags.missing = 1': false,
    'NOT tags.one = 2': true,
  });
});

describe('"Comparison: =, !=, <, >, <=, >=, <>", between primitives of one type', () => {
  rows({
    'tags.one = 1': true,
    'tags.one = 1.0': true,
    'tags.one = 2': false,
    'tags.one != 2': true,
    'tags.one <> 2': true,
    'tags.one <> 1': false,
    'tags.one < tags.two': true,
    'tags.two <= 2': true,
    'tags.two >= 2': true,
    'tags.two > 2': false,
    '1 < tags.two': true,
    '2 <= tags.one': false,
    "tags.text = 'abc'": true,
    "tags.text = 'ABC'": false,
    "'abc' = tags.text": true,
    "tags.text < 'abd'": true,
    "tags.text > 'ABD'": true,
    'tags.yes = true': true,
    'tags.no < tags.yes': true,
    'tags.yes >= true': true,
    'tags.yes != false': true,
    '(tags.one = 1) = true': true,
  });
});

describe('values of different types or an undefined side: neither = nor != matches', () => {
  rows({
    "tags.one = '1'": false,
    "tags.one != '1'": false,
    "NOT tags.one = '1'": false,
    'tags.yes = 1': false,
    "tags.yes != 'true'": false,
    'tags.missing = 1': false,
    'tags.missing != 1': false,
    'tags.missing <> 1': false,
    'tags.missing < 1': false,
    'tags.missing = undefined': false,
    'tags.missing != undefined': false,
    'tags.one != undefined': false,
    "tags.one < 'a'": false,
    'tags.one < tags.text': false,
    'tags.one != tags.text': false,
    'tags.one = tags.missing': false,
  });
});

describe('null is a value and goes with null alone', () => {
  rows({
    'tags.nothing = null': true,
    'tags.nothing != null': false,
    'tags.nothing <= null': true,
    'tags.nothing >= null': true,
    'tags.nothing < null': false,
    'tags.nothing > null': false,
    'null = tags.nothing': true,
    'null <= tags.nothing': true,
    'null < tags.nothing': false,
    'tags.nothing != 1': false,
    'tags.one = null': false,
    'tags.one != null': false,
    'tags.missing = null': false,
    'NOT tags.nothing = null': false,
    'NOT tags.nothing != null': true,
    'NOT tags.nothing < null': true,
    'NOT tags.nothing <= null': false,
  });
});

describe('"comparisons are supported only between primitive types (no objects)"', () => {
  rows({
    'tags.object = tags.object': false,
    'tags.object != tags.object': false,
    'tags.list = tags.list': false,
    "tags.list = ['a']": false,
    "tags.object != 'x'": false,
    'tags.nothing = tags.object': false,
    'tags.object = null': false,
  });
});

describe('"Arithmetic: +, -, *, /, %", on numbers', () => {
  rows({
    'tags.one + tags.two = 3': true,
    'tags.two - 1 = tags.one': true,
    '2 + 3 * 4 = 14': true,
    '(2 + 3) * 4 = 20': true,
    '10 - 2 - 3 = 5': true,
    '24 / 4 / 2 = 3': true,
    '7 % 4 = 3': true,
    '1 / 2 = tags.half': true,
    '0 - tags.one = -1': true,
    '1 - -1 = 2': true,
    '0x10 = 16': true,
    '0XfF = 255': true,
    '1e3 = 1000': true,
    '1.5E-1 = 0.15': true,
    "tags.text + 'd' = 'abcd'": false,
    'tags.one / 0 = 1': false,
    'tags.one / 0 != 1': false,
    'tags.one % 0 != 1': false,
    'tags.missing + 1 != 5': false,
    '1e308 * 10 > 1': false,
  });
});

describe('"use array constants with the IN and NIN (not in) operators"', () => {
  rows({
    "tags.text IN ['abc', 'def']": true,
    "tags.text IN ['ABC']": false,
    'tags.text in ["abc"]': true,
    "tags.text NIN ['x', 'y']": true,
    "tags.text NIN ['x', 'abc']": false,
    'tags.one IN [1, 2]': true,
    "tags.one IN ['1']": false,
    'tags.one IN [1, null, true, undefined]': true,
    'tags.nothing IN [null]': true,
    "tags.missing IN ['a']": false,
    "tags.missing NIN ['a']": false,
    'tags.missing IN [undefined]': false,
    "NOT tags.text IN ['abc']": false,
    "NOT tags.text IN ['x']": true,
    "NOT tags.text NIN ['abc']": true,
    // IN is = joined by OR, so an item of another type leaves NIN open.
    "tags.text NIN ['x', 1]": false,
    'tags.text NIN [1]': false,
    "tags.object NIN ['x']": false,
    '1 + 1 IN [2]': true,
  });
});

describe('"IS_DEFINED(property): whether the property has been assigned a value (including null)"', () => {
  rows({
    'IS_DEFINED(tags.one)': true,
    'is_defined(tags.nothing)': true,
    'IS_DEFINED(tags.no)': true,
    'IS_DEFINED(tags.object)': true,
    'IS_DEFINED(tags.object.inner)': true,
    'IS_DEFINED(tags.object.inner.more)': false,
    'IS_DEFINED(tags.missing)': false,
    'NOT IS_DEFINED(tags.missing)': true,
    'IS_DEFINED(tags.missing) = false': true,
    'IS_DEFINED(nosuchroot)': false,
  });
});

describe('STARTSWITH, ENDSWITH and ARRAY_CONTAINS', () => {
  rows({
    "STARTSWITH(tags.text, 'ab')": true,
    "startswith(tags.text, 'AB')": false,
    "STARTSWITH(tags.text, '')": true,
    "ENDSWITH(tags.text, 'bc')": true,
    "ENDSWITH(tags.text, 'b')": false,
    'STARTSWITH(tags.text, tags.text)': true,
    "STARTSWITH(tags.one, '1')": false,
    "NOT STARTSWITH(tags.one, '1')": false,
    "NOT STARTSWITH(tags.missing, 'a')": false,
    "NOT STARTSWITH(tags.text, 'x')": true,
    "ARRAY_CONTAINS(tags.list, 'a')": true,
    'ARRAY_CONTAINS(tags.list, 1)': true,
    'ARRAY_CONTAINS(tags.list, null)': true,
    "ARRAY_CONTAINS(tags.list, '1')": false,
    "NOT ARRAY_CONTAINS(tags.list, 'z')": true,
    'ARRAY_CONTAINS(tags.list, tags.object)': false,
    "ARRAY_CONTAINS(tags.text, 'a')": false,
    "NOT ARRAY_CONTAINS(tags.text, 'a')": false,
    "ARRAY_CONTAINS(['abc', 'x'], tags.text)": true,
    'ARRAY_CONTAINS(tags.list, tags.missing)': false,
  });
});

describe('strings: "Allowed escapes"', () => {
  test.each([
    [String.raw`tags.t = 'it\'s'`, "it's"],
    [String.raw`tags.t = "it's"`, "it's"],
    [String.raw`tags.t = 'say "hi"'`, 'say "hi"'],
    [String.raw`tags.t = "say \"hi\""`, 'say "hi"'],
    [String.raw`tags.t = 'a\\b'`, 'a\\b'],
    [String.raw`tags.t = '\u00e4\u20AC'`, 'ä€'],
    // module-deployment-monitoring.md: "you need to escape the single quote with another single quote"
    [`tags.t = 'it''s'`, "it's"],
    [`tags.t = ''''`, "'"],
    [`tags.t = "it''s"`, "it''s"],
    [String.raw`tags.t = 'a\''''`, "a''"],
    [`tags.t = 'two\nlines'`, 'two\nlines'],
    [`tags.t = '[[not a name]] /* nor a comment */'`, '[[not a name]] /* nor a comment */'],
  ])('%s finds %j', (condition, text) => {
    expect(matchesTags(condition, { t: text })).toBe(true);
    expect(matchesTags(condition, { t: `${text}.` })).toBe(false);
  });
});

describe('dates are strings in ISO form and compare as strings', () => {
  rows({
    "'2016-09-29T18:18:56Z' > '2016-09-01'": true,
    "'2016-08-31T23:59:59Z' > '2016-09-01'": false,
  });
});

describe('names', () => {
  rows({
    "tags.[[my key]] = 'spaced'": true,
    "tags.[[group]] = 'g'": true,
    "[[tags]].[[text]] = 'abc'": true,
    "tags.größe = 'XL'": true,
    "devices.tags.text = 'abc'": true,
    "DEVICES.Tags.text = 'abc'": true,
    // "tag/property names … are compared case-sensitively"
    "tags.Text = 'abc'": false,
    "tags.object.Inner = 'x'": false,
    "TAGS.text = 'abc'": true,
    "DeviceID = 'd'": true,
    "deviceid = 'D'": false,
    'tags.list.length = 4': false,
    'IS_DEFINED(tags.text.length)': false,
    'IS_DEFINED(tags.list.[[0]])': false,
    'IS_DEFINED(tags.constructor)': false,
    'IS_DEFINED(tags.__proto__)': false,
    'IS_DEFINED(tags.toString)': false,
    'IS_DEFINED(tags.object.hasOwnProperty)': false,
  });

  test('keys that every JavaScript object inherits are data when a twin has them', () => {
    const tags = JSON.parse('{"__proto__":{"polluted":1},"constructor":"c","toString":{"length":3}}') as JsonObject;
    expect(matchesTags("tags.constructor = 'c'", tags)).toBe(true);
    expect(matchesTags('tags.__proto__.polluted = 1', tags)).toBe(true);
    expect(matchesTags('tags.toString.length = 3', tags)).toBe(true);
    const query = 'SELECT tags.__proto__, tags.constructor AS toString FROM devices';
    const [row] = runQuery(query, [twin('d', { tags })]);
    expect(JSON.stringify(row)).toBe('{"__proto__":{"polluted":1},"toString":"c"}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('a source that gives a nested member an accessor of its own is asked there', () => {
    interface Kept {
      readonly values: JsonObject;
      readonly version: number;
    }
    const source = {
      name: 'devices' as const,
      members: {
        properties: ({ values, version }: Kept) => ({ reported: { ...values, $version: version } }),
        'properties.reported': ({ values, version }: Kept) => ({ ...values, $version: version }),
        'properties.reported.$version': ({ version }: Kept) => version,
      },
      within: { 'properties.reported': ({ values }: Kept) => values },
      document: () => ({}),
      itemType: 'Twin',
    };
    const text = `SELECT properties, properties.reported, properties.reported.$version AS version,
      properties.reported.a.b, properties.[[reported.a]] AS dotted FROM devices`;
    const plan = planQuery(parseQuery(text), source);
    const reported = { a: { b: 1 }, $version: 7 };
    expect(plan.aggregates ? [] : plan.project({ values: { a: { b: 1 } }, version: 7 })).toEqual({
      properties: { reported },
      reported,
      version: 7,
      b: 1,
    });
  });
});

describe('projections', () => {
  const ROW = twin('d', { tags: TAGS, version: 9, properties: { reported: { $version: 2, $metadata: { a: 1 } } } });

  test.each<[string, JsonObject]>([
    ['deviceId', { deviceId: 'd' }],
    ['DEVICEID, Version', { deviceId: 'd', version: 9 }],
    ['deviceId AS id, devices.deviceId', { id: 'd', deviceId: 'd' }],
    ['deviceId AS [[my id]]', { 'my id': 'd' }],
    ['tags.object', { object: { inner: 'x' } }],
    ['tags.object.inner', { inner: 'x' }],
    ['tags.missing, tags.one', { one: 1 }],
    ['tags.missing', {}],
    ['tags.nothing', { nothing: null }],
    ['tags.list', { list: ['a', 1, null, { b: 1 }] }],
    ['properties.reported.$version', { $version: 2 }],
    ['properties.reported.$metadata.a AS when', { when: 1 }],
    ['deviceId, deviceId', { deviceId: 'd' }],
  ])('SELECT %s', (list, expected) => {
    expect(runQuery(`SELECT ${list} FROM devices`, [ROW])).toEqual([expected]);
  });

  test('TOP ends the results', () => {
    const devices = ['a', 'b', 'c'].map((id) => twin(id));
    expect(runQuery('SELECT TOP 2 deviceId FROM devices', devices)).toEqual([{ deviceId: 'a' }, { deviceId: 'b' }]);
    expect(runQuery('select top 5 deviceId from devices', devices)).toHaveLength(3);
  });
});
