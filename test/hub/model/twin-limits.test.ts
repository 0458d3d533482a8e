import { describe, expect, test } from 'vitest';
import { HubError } from '../../../src/hub/model/hub-error.ts';
import { checkPropertySizes, checkTwinValues } from '../../../src/hub/model/twin-limits.ts';

const refusal = (run: () => void): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof HubError) return `${error.code}: ${error.message}`;
    throw error;
  }
};
const check = (values: object) => refusal(() => checkTwinValues('desired', JSON.parse(JSON.stringify(values))));
const nested = (depth: number): object => (depth === 0 ? { leaf: 1 } : { n: nested(depth - 1) });

// service-protocol.md, 5.4
describe('names', () => {
  test.each([['a.b'], ['a$'], ['a b'], ['a#'], ['\u0000'], ['\u0085'], [''], ['x'.repeat(1025)], ['é'.repeat(513)]])(
    '%j is refused',
    (name) => expect(check({ [name]: 1 })).toMatch(/^ArgumentInvalid/),
  );
  test.each([['a-b_c'], ['größe'], ['x'.repeat(1024)], ['@'], ['温度']])('%j is taken', (name) =>
    expect(check({ [name]: 1 })).toBeUndefined(),
  );
  test('the rule holds in objects inside arrays too', () => {
    expect(check({ list: [{ 'a.b': 1 }] })).toContain('ArgumentInvalid');
  });
});

describe('values', () => {
  test.each([[4_503_599_627_370_496], [-4_503_599_627_370_497], [1e300]])('the number %d is refused', (value) =>
    expect(check({ value })).toMatch(/whole number/),
  );
  test.each([[4_503_599_627_370_495], [-4_503_599_627_370_496], [0.1], [-0]])('the number %d is taken', (value) =>
    expect(check({ value })).toBeUndefined(),
  );
  test('a string of 4 KB is taken, one byte more is not', () => {
    expect(check({ value: 'x'.repeat(4096) })).toBeUndefined();
    expect(check({ value: 'x'.repeat(4097) })).toMatch(/4096 bytes/);
    expect(check({ value: 'é'.repeat(2049) })).toMatch(/4096 bytes/);
  });
  test('objects may be nested ten deep', () => {
    expect(check(nested(10))).toBeUndefined();
    expect(check(nested(11))).toMatch(/nested 10 deep/);
  });
  test('null inside an array is refused, as a member it deletes', () => {
    expect(check({ list: [null] })).toMatch(/may not hold null/);
    expect(check({ a: { b: null } })).toBeUndefined();
  });
});

describe('sizes of a section', () => {
  const large = (bytes: number) =>
    Object.fromEntries(Array.from({ length: bytes / 1024 }, (_, i) => [`k${i}`.padEnd(24), 'x'.repeat(1000)]));
  test.each([
    ['tags', 8],
    ['desired', 32],
    ['reported', 32],
  ] as const)('%s may be %d KB large', (section, kilobytes) => {
    expect(refusal(() => checkPropertySizes(section, {}, large(kilobytes * 1024)))).toBeUndefined();
    expect(refusal(() => checkPropertySizes(section, {}, large((kilobytes + 1) * 1024)))).toMatch(/the limit is/);
  });
  // device-protocol.md, 6.3: numbers 8 bytes, booleans 4
  test('numbers count 8, booleans 4, whatever their digits', () => {
    const of = (value: unknown, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i).padStart(4, '0'), value])) as never;
    expect(refusal(() => checkPropertySizes('tags', {}, of(1, 682)))).toBeUndefined();
    expect(refusal(() => checkPropertySizes('tags', {}, of(1, 683)))).toBeDefined();
    expect(refusal(() => checkPropertySizes('tags', {}, of(true, 1024)))).toBeUndefined();
    expect(refusal(() => checkPropertySizes('tags', {}, of(true, 1025)))).toBeDefined();
  });
  test('a section that is too large already may shrink', () => {
    expect(refusal(() => checkPropertySizes('tags', large(10 * 1024), large(9 * 1024)))).toBeUndefined();
  });
});
