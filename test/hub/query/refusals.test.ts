import { describe, expect, test } from 'vitest';
import {
  parseCondition,
  parseQuery,
  planQuery,
  QuerySyntaxError,
  MAX_QUERY_CHARACTERS,
} from '../../../src/hub/query/index.ts';
import { documentSource, runQuery } from './query-rows.ts';

function refusal(text: string): QuerySyntaxError {
  try {
    runQuery(text, []);
  } catch (error) {
    if (error instanceof QuerySyntaxError) return error;
    throw error;
  }
  throw new Error(`not refused: ${text}`);
}

/** A query in which ‹ and › stand around what is wrong. */
function marked(text: string): { readonly query: string; readonly position: number; readonly length: number } {
  const position = text.indexOf('‹');
  return { query: text.replace(/[‹›]/g, ''), position, length: text.indexOf('›') - position - 1 };
}

function refuses(cases: Readonly<Record<string, string>>): void {
  test.each(Object.entries(cases))('%s', (text, problem) => {
    const { query, position, length } = marked(text);
    const error = refusal(query);
    expect(error.message).toContain(problem);
    expect({ position: error.position, length: error.length }).toEqual({ position, length });
  });
}

describe('a text that the grammar does not allow is refused where it goes wrong', () => {
  refuses({
    '‹›': 'expected SELECT, found the end of the text',
    '‹SELCT› * FROM devices': 'expected SELECT, found "SELCT"',
    'SELECT ‹FROM› devices': 'expected a property, found the word FROM',
    'SELECT * ‹FORM› devices': 'expected FROM, found "FORM"',
    'SELECT deviceId ‹tags› FROM devices': 'expected a comma, AS or FROM, found "tags"',
    'SELECT deviceId, ‹*› FROM devices': 'expected *, a property or an aggregate, found "*"',
    'SELECT * FROM ‹device›': 'found "device"; did you mean devices?',
    'SELECT * FROM ‹devices.module›': 'did you mean devices.modules?',
    'SELECT * FROM ‹twins›': 'expected devices, devices.modules or devices.jobs after FROM',
    "SELECT * FROM ‹'devices'›": 'expected devices, devices.modules or devices.jobs after FROM',
    'SELECT * FROM devices ‹WHRE› a = 1': 'expected WHERE, GROUP BY or the end of the query, found "WHRE"',
    'SELECT * FROM devices WHERE ‹›': 'expected a property, a constant or a function, found the end of the text',
    'SELECT * FROM devices WHERE tags.a = ‹›': 'found the end of the text',
    'SELECT * FROM devices WHERE tags.a = 1 ‹tags›.b = 2': 'expected an operator, GROUP BY or the end of the query',
    'SELECT * FROM devices WHERE tags.a = 1 ‹=› 2': 'comparisons cannot be chained: join them with AND',
    'SELECT * FROM devices WHERE (tags.a = 1‹›': 'expected an operator or ), found the end of the text',
    'SELECT * FROM devices WHERE tags.a = 1‹)›': 'found ")"',
    'SELECT * FROM devices WHERE tags.‹›': 'expected a name after the dot',
    'SELECT * FROM devices WHERE tags.‹group› = 1': 'a property of that name is written [[group]]',
    'SELECT * FROM devices WHERE tags.‹2nd› = 1': 'a name that begins with a digit is written [[2nd]]',
    'SELECT * FROM devices WHERE tags‹[›0] = 1': 'found "["',
    "SELECT * FROM devices WHERE tags.a = ‹'›open": 'the string that begins here is not closed',
    'SELECT * FROM devices WHERE tags.‹[[›open = 1': '[[ must be followed by a name and ]]',
    'SELECT * FROM devices WHERE tags.‹[[›]] = 1': '[[ must be followed by a name and ]]',
    "SELECT * FROM devices WHERE tags.a = 'a‹\\n›'": 'unknown escape \\n',
    "SELECT * FROM devices WHERE tags.a = 'a‹\\u›12'": 'unknown escape \\u',
    'SELECT * FROM devices WHERE tags.a = ‹1e999›': 'the number 1e999 is too large',
    'SELECT * FROM devices WHERE tags.a = ‹#›': 'unexpected character "#"',
    'SELECT * FROM devices WHERE ‹€› = 1': 'unexpected character "€"',
    'SELECT * FROM devices WHERE tags.a = -‹tags›.b': 'expected a number after - (write 0 - property)',
    'SELECT * FROM devices WHERE tags.a IN ‹(›1, 2)': 'expected a list in square brackets after IN',
    'SELECT * FROM devices WHERE tags.a IN [‹]›': 'a list has one item at least',
    'SELECT * FROM devices WHERE tags.a IN [‹tags›.b]': 'expected a constant in the list',
    'SELECT * FROM devices WHERE tags.a IN [1 ‹2›]': 'expected a comma or ]',
    'SELECT * FROM devices GROUP ‹tags›.a': 'expected BY after GROUP',
    'SELECT TOP ‹*› FROM devices': 'expected a number after TOP',
    'SELECT deviceId AS ‹from› FROM devices': 'expected a name after AS',
    "SELECT deviceId AS ‹'id'› FROM devices": 'expected a name after AS',
    'SELECT tags.a ‹+› 1 FROM devices': 'expected a comma, AS or FROM',
  });
});

describe('what other languages have is refused with what to write instead', () => {
  refuses({
    'SELECT * FROM devices ‹ORDER› BY deviceId': 'ORDER BY is not in the query language',
    'SELECT * FROM devices ‹JOIN› devices.modules': 'JOIN is not in the query language',
    'SELECT COUNT() AS n FROM devices GROUP BY tags.a ‹HAVING› n > 1': 'HAVING is not in the query language',
    'SELECT ‹DISTINCT› tags.a FROM devices': 'write GROUP BY with the property',
    'SELECT * FROM devices ‹OFFSET› 5': 'follow the continuation token',
    'SELECT * FROM devices ‹LIMIT› 5': 'write SELECT TOP',
    'SELECT * FROM devices WHERE tags.a ‹BETWEEN› 1 AND 2': 'write a >= low AND a <= high',
    "SELECT * FROM devices WHERE tags.a ‹LIKE› 'x%'": 'write STARTSWITH',
    'SELECT * FROM devices WHERE tags.a ‹IS› NULL': 'write IS_DEFINED(property), or property = null',
    'SELECT * FROM devices WHERE tags.a ‹NOT› IN [1]': '"not in" is written NIN',
    'SELECT * FROM devices WHERE tags.a ‹==› 1': 'equality is written =',
    'SELECT * FROM devices WHERE tags.a = 1 ‹&&› tags.b = 2': 'write AND',
    'SELECT * FROM devices WHERE tags.a = 1 ‹||› tags.b = 2': 'write OR',
    'SELECT * FROM devices WHERE ‹!›tags.a': 'write NOT',
    'SELECT * FROM devices‹;›': 'ends without a semicolon',
    'SELECT * FROM ‹`›devices`': 'is written [[name]]',
  });
});

describe('functions', () => {
  refuses({
    'SELECT * FROM devices WHERE ‹IS_DEFNED›(tags.a)': 'did you mean IS_DEFINED?',
    'SELECT * FROM devices WHERE ‹nonsense›(tags.a)':
      'unknown function NONSENSE: expected IS_DEFINED, STARTSWITH, ENDSWITH or ARRAY_CONTAINS',
    "SELECT * FROM devices WHERE ‹STARTS_WITH›(deviceId, 'test')": 'write STARTSWITH(text, start)',
    'SELECT * FROM devices WHERE ‹COUNT›() > 1': 'COUNT is an aggregate: it stands after SELECT',
    'SELECT * FROM devices WHERE ‹IS_DEFINED()›': 'expected IS_DEFINED(property), found 0 arguments',
    'SELECT * FROM devices WHERE ‹STARTSWITH(deviceId)›': 'expected STARTSWITH(text, start), found 1 argument',
    "SELECT * FROM devices WHERE IS_DEFINED(‹'a'›)": 'with the name of a property, found an expression',
    'SELECT ‹STARTSWITH›(deviceId) FROM devices': 'SELECT lists properties and aggregates',
    'SELECT ‹CUONT›() FROM devices': 'unknown aggregate CUONT; did you mean COUNT?',
    'SELECT ‹MEDIAN›(tags.a) FROM devices': 'unknown aggregate MEDIAN: expected COUNT, SUM, AVG, MIN or MAX',
    'SELECT ‹SUM()› FROM devices': 'expected SUM(property)',
    'SELECT ‹AVG(*)› FROM devices': 'expected AVG(property)',
    'SELECT COUNT(‹tags.a›) FROM devices': 'add WHERE IS_DEFINED(property)',
  });

  // iot-hub-devguide-query-language.md: "In routes conditions, the following … functions are supported".
  test.each(
    [
      'ABS EXP POWER SQUARE CEILING FLOOR SIGN SQRT',
      'AS_NUMBER IS_ARRAY IS_BOOL IS_NULL IS_NUMBER IS_OBJECT IS_PRIMITIVE IS_STRING',
      'CONCAT LENGTH LOWER UPPER SUBSTRING INDEX_OF STARTS_WITH ENDS_WITH CONTAINS',
    ]
      .join(' ')
      .split(' '),
  )('%s is refused as a function of message routing', (name) => {
    const error = refusal(`SELECT * FROM devices WHERE ${name.toLowerCase()}(tags.a)`);
    expect(error.message).toContain(`${name} is a function of message routing conditions, not of twin and job queries`);
  });
});

describe('rules of SELECT, GROUP BY, TOP and the sources', () => {
  refuses({
    'SELECT TOP ‹0› * FROM devices': 'TOP takes a whole number from 1 to 2147483647, found 0',
    'SELECT TOP ‹1.5› * FROM devices': 'TOP takes a whole number',
    'SELECT TOP ‹2147483648› * FROM devices': 'TOP takes a whole number',
    'SELECT ‹deviceId›, COUNT() FROM devices': 'name it in GROUP BY too',
    'SELECT ‹tags.b› FROM devices GROUP BY tags.a': 'tags.b has many values in a group',
    'SELECT ‹*› FROM devices GROUP BY tags.a': 'SELECT * cannot be grouped',
    'SELECT tags.a, ‹properties.reported.a› FROM devices': 'two results would be called "a": name one of them with AS',
    'SELECT MIN(tags.a), ‹MIN(tags.b)› FROM devices': 'two results would be called "MIN"',
    'SELECT ‹COUNT()› FROM devices.modules': 'work FROM devices only, not FROM devices.modules',
    'SELECT moduleId FROM devices.modules GROUP BY ‹moduleId›': 'work FROM devices only',
    'SELECT ‹jobId› FROM devices.jobs': 'a query of devices.jobs can only be SELECT *',
    'SELECT * FROM devices.jobs WHERE ‹devices.deviceId› = 1': 'devices.deviceId is no property of devices.jobs',
    'SELECT * FROM devices WHERE ‹devices.modules.moduleId› = 1': 'is no property of devices',
    'SELECT * FROM devices WHERE ‹devices.jobs.status› = 1': 'is no property of devices',
    'SELECT ‹devices› FROM devices': 'devices names a source: expected a property behind it',
  });
});

describe('limits', () => {
  const BASE = 'SELECT * FROM devices WHERE tags.a = ';

  // "Query expressions can have a maximum length of 8192 characters."
  test('8192 characters are taken, one more is refused', () => {
    const longest = `${BASE}'${'x'.repeat(MAX_QUERY_CHARACTERS - BASE.length - 2)}'`;
    expect(longest).toHaveLength(8192);
    expect(() => parseQuery(longest)).not.toThrow();
    expect(refusal(`${longest} `)).toMatchObject({
      position: 8192,
      message: expect.stringContaining('the query has 8193 characters, at most 8192 are allowed') as string,
    });
  });

  test.each([
    ['parentheses', `${'('.repeat(4000)}true`, 'nested more than 100 levels deep'],
    ['NOT', `${'NOT '.repeat(2000)}true`, 'nested more than 100 levels deep'],
    ['lists', `tags.a IN ${'[ '.repeat(4000)}`, 'nested more than 100 levels deep'],
    ['functions', 'IS_DEFINED('.repeat(700), 'nested more than 100 levels deep'],
    ['arithmetic', `1${'+1'.repeat(4000)} = 1`, 'more than 256 arithmetic operators'],
  ])('%s without end are refused, not a full stack', (_, condition, problem) => {
    expect(() => parseCondition(condition)).toThrow(problem);
  });

  test('what is long but flat is taken', () => {
    const alternatives = Array.from({ length: 400 }, (_, n) => `tags.a = ${n}`).join(' OR ');
    expect(runQuery(`SELECT * FROM devices WHERE ${alternatives}`, [{ tags: { a: 399 } }])).toHaveLength(1);
    const deep = `${'('.repeat(99)}${'1+'.repeat(256)}1 = 257${')'.repeat(99)}`;
    expect(runQuery(`SELECT * FROM devices WHERE ${deep}`, [{}])).toHaveLength(1);
    const path = Array.from({ length: 500 }, () => 'a').join('.');
    expect(runQuery(`SELECT * FROM devices WHERE tags.${path} = 1`, [{ tags: { a: 1 } }])).toHaveLength(0);
  });
});

describe('the place of an error', () => {
  test('line and column count from 1, in any line ending', () => {
    expect(refusal('SELECT *\r\nFROM devices\nWHERE tags.a == 1')).toMatchObject({
      line: 3,
      column: 14,
      position: 36,
      message: '== is not in the query language: equality is written = (line 3, column 14)',
    });
  });

  test('a condition is refused as a query is, and an empty one is no condition', () => {
    expect(() => parseCondition('tags.a = ')).toThrow(/found the end of the text \(line 1, column 10\)/);
    expect(() => parseCondition('')).toThrow(QuerySyntaxError);
    expect(() => parseCondition('*')).toThrow(QuerySyntaxError);
    expect(() => parseCondition('tags.a = 1 GROUP BY tags.a')).toThrow(
      'expected an operator or the end of the condition',
    );
  });

  test('a plan for another source than the query names is a bug of the caller, not of the query', () => {
    const query = parseQuery('SELECT * FROM devices');
    expect(() => planQuery(query, documentSource('devices.jobs'))).toThrow(TypeError);
  });
});
