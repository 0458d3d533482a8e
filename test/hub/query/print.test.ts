import { describe, expect, test } from 'vitest';
import { parseCondition, parseQuery, printCondition, printQuery } from '../../../src/hub/query/index.ts';

describe('the tree prints itself in one line, words in capitals, with the fewest parentheses', () => {
  test.each([
    ['select * from Devices', 'SELECT * FROM devices'],
    [
      'Select\ttop 5 deviceid as ID,count( ) /* all */ from DEVICES . Modules',
      'SELECT TOP 5 deviceid AS ID, COUNT() FROM devices.modules',
    ],
    ['SELECT a FROM devices group by a , [[b c]]', 'SELECT a FROM devices GROUP BY a, [[b c]]'],
    ['SELECT COUNT(*), sum(a.b), count(1) FROM devices', 'SELECT COUNT(*), SUM(a.b), COUNT(1) FROM devices'],
  ])('%s', (text, printed) => {
    expect(printQuery(parseQuery(text))).toBe(printed);
  });

  test.each([
    ['((a = 1))', 'a = 1'],
    ['a = 1 and (b = 2 or c <> 3)', 'a = 1 AND (b = 2 OR c != 3)'],
    ['(a = 1 and b = 2) or c = 3', 'a = 1 AND b = 2 OR c = 3'],
    ['a and (b and c)', 'a AND (b AND c)'],
    ['not (a = 1)', 'NOT a = 1'],
    ['not (a and b)', 'NOT (a AND b)'],
    ['(not a) = true', '(NOT a) = TRUE'],
    ['(1+2)*3 - (4-5) = 0x1F', '(1 + 2) * 3 - (4 - 5) = 31'],
    ['(1-2)-3 < -4', '1 - 2 - 3 < -4'],
    ['a in [1,"it\'s",null , undefined,TRUE]', "a IN [1, 'it\\'s', null, undefined, true]"],
    ['array_contains([ [1], 2], [[a]])', 'ARRAY_CONTAINS([ [1], 2], a)'],
    ['tags.[[plain]] = tags.[[group]]', 'tags.plain = tags.[[group]]'],
    [String.raw`a = 'tab\u0009 \\ \"'`, String.raw`a = 'tab\u0009 \\ "'`],
    ["from devices.modules where moduleId='a'", "FROM devices.modules WHERE moduleId = 'a'"],
    ['from devices.modules', 'FROM devices.modules'],
    ['from devices where a', 'a'],
  ])('%s', (text, printed) => {
    expect(printCondition(parseCondition(text))).toBe(printed.replace('TRUE', 'true'));
  });
});
