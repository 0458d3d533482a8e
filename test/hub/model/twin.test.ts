import { describe, expect, test } from 'vitest';
import { HubError } from '../../../src/hub/model/hub-error.ts';
import { twinEtag } from '../../../src/hub/model/etag.ts';
import { newTwin, parseTwinChange, patchTwin, replaceTwin, reportProperties } from '../../../src/hub/model/twin.ts';

const T0 = '2026-01-01T00:00:00Z';
const T1 = '2026-01-02T00:00:00Z';
const T2 = '2026-01-03T00:00:00Z';
const ANY = { kind: 'none' } as const;
const fresh = newTwin({ deviceId: 'd' }, T0);
const desired = (values: object) => parseTwinChange({ properties: { desired: values } });
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof HubError) return error.code;
    throw error;
  }
  return 'done';
};

// service-protocol.md, 5.2: etag starts at AAAAAAAAAAE=, both $versions at 1
test('a new twin has etag 1 and both sections at version 1', () => {
  expect(twinEtag(fresh.etagCounter)).toBe('AAAAAAAAAAE=');
  expect([fresh.desired.version, fresh.reported.version]).toEqual([1, 1]);
  expect(fresh.desired.metadata).toEqual({ $lastUpdated: T0 });
});

describe('patching', () => {
  // 5.3: "objects merge recursively, scalars and arrays replace, null deletes the key"
  test('objects merge, scalars and arrays replace, null deletes', () => {
    const twin = patchTwin(fresh, desired({ a: { b: 1, c: 2 }, list: [1, 2], gone: true }), ANY, T1);
    const again = patchTwin(twin, desired({ a: { b: { deep: 1 }, c: null }, list: [3], gone: null }), ANY, T2);
    expect(again.desired.values).toEqual({ a: { b: { deep: 1 } }, list: [3] });
    expect(twin.desired.values).toEqual({ a: { b: 1, c: 2 }, list: [1, 2], gone: true });
  });

  test('an object in the place of a scalar replaces it, and the reverse', () => {
    const twin = patchTwin(fresh, desired({ a: 1, b: { c: 1 } }), ANY, T1);
    expect(patchTwin(twin, desired({ a: { x: 1 }, b: 2 }), ANY, T2).desired.values).toEqual({ a: { x: 1 }, b: 2 });
  });

  // 5.2: "+1 per write that carries a desired section; not on a tags-only write"
  test('tags alone move the etag and no $version', () => {
    const twin = patchTwin(fresh, parseTwinChange({ tags: { a: 1 } }), ANY, T1);
    expect([twin.etagCounter, twin.desired.version, twin.reported.version]).toEqual([2, 1, 1]);
  });

  // 5.2: "A PATCH whose values equal the stored ones still bumps desired $version"
  test('the same values again count as an update', () => {
    const once = patchTwin(fresh, desired({ a: 1 }), ANY, T1);
    expect(patchTwin(once, desired({ a: 1 }), ANY, T2).desired.version).toBe(3);
  });

  // 5.3: '"desired": null (and "tags": null) clears the whole section, bumps the version'
  test('null in the place of a section clears it', () => {
    const twin = patchTwin(fresh, { ...desired({ a: 1 }), tags: { t: 1 } }, ANY, T1);
    const cleared = patchTwin(twin, parseTwinChange({ tags: null, properties: { desired: null } }), ANY, T2);
    expect([cleared.desired.values, cleared.tags, cleared.desired.version]).toEqual([{}, {}, 3]);
  });

  // 5.3: 'If-Match … "<etag>" compared; mismatch => 412'
  test('a stale etag is refused, the current one and * are not', () => {
    const at = (etag: string) => codeOf(() => patchTwin(fresh, desired({ a: 1 }), { kind: 'etag', etag }, T1));
    expect([at('AAAAAAAAAAE='), at('AAAAAAAAAAI='), at('abc')]).toEqual([
      'done',
      'PreconditionFailed',
      'PreconditionFailed',
    ]);
    expect(codeOf(() => patchTwin(fresh, desired({ a: 1 }), { kind: 'any' }, T1))).toBe('done');
  });

  // 5.3: "Body may be a complete twin: reported, $metadata, $version, identity fields and body etag are ignored"
  test('a whole twin as body changes only what a service may', () => {
    const change = parseTwinChange({
      deviceId: 'other',
      etag: 'x',
      properties: { desired: { a: 1, $version: 99, $metadata: { $lastUpdated: T2 } }, reported: { no: 1 } },
    });
    expect(change).toEqual({ desired: { a: 1 } });
  });
});

describe('metadata', () => {
  // 5.2: "Root and every ancestor of a changed key are stamped"; siblings keep their stamps
  test('stamps what a patch touches with its ancestors, and nothing beside it', () => {
    const once = patchTwin(fresh, desired({ a: { b: 1, c: 1 }, z: 1 }), ANY, T1);
    const twice = patchTwin(once, desired({ a: { b: 2 } }), ANY, T2);
    const first = { $lastUpdated: T1, $lastUpdatedVersion: 2 };
    const second = { $lastUpdated: T2, $lastUpdatedVersion: 3 };
    expect(twice.desired.metadata).toEqual({ ...second, a: { ...second, b: second, c: first }, z: first });
  });

  test('a deleted key loses its stamp, an array is one leaf', () => {
    const once = patchTwin(fresh, desired({ a: 1, list: [{ x: 1 }] }), ANY, T1);
    const twice = patchTwin(once, desired({ a: null }), ANY, T2);
    expect(twice.desired.metadata).toEqual({
      $lastUpdated: T2,
      $lastUpdatedVersion: 3,
      list: { $lastUpdated: T1, $lastUpdatedVersion: 2 },
    });
  });

  test('a scalar that becomes an object, or the reverse, leaves nothing of the old shape', () => {
    const once = patchTwin(fresh, desired({ a: { b: 1 } }), ANY, T1);
    const twice = patchTwin(once, desired({ a: 5 }), ANY, T2);
    expect(twice.desired.metadata['a']).toEqual({ $lastUpdated: T2, $lastUpdatedVersion: 3 });
  });

  test('reported metadata has no $lastUpdatedVersion', () => {
    expect(reportProperties(fresh, { a: 1 }, T1).reported.metadata).toEqual({
      $lastUpdated: T1,
      a: { $lastUpdated: T1 },
    });
  });

  test('a replaced section is stamped anew, and what is gone is gone there too', () => {
    const once = patchTwin(fresh, desired({ a: 1, b: 2 }), ANY, T1);
    const twice = replaceTwin(once, desired({ b: 2, c: null }), ANY, T2);
    const stamp = { $lastUpdated: T2, $lastUpdatedVersion: 3 };
    expect(twice.desired).toEqual({ values: { b: 2 }, version: 3, metadata: { ...stamp, b: stamp } });
  });
});

describe('replacing', () => {
  // 5.3: "null members are dropped"; an omitted section is left alone
  test('drops null members and leaves a section that is not named', () => {
    const twin = patchTwin(fresh, { ...desired({ a: 1 }), tags: { t: 1 } }, ANY, T1);
    const replaced = replaceTwin(twin, parseTwinChange({ tags: { u: { v: null, w: 1 } } }), ANY, T2);
    expect([replaced.tags, replaced.desired.values]).toEqual([{ u: { w: 1 } }, { a: 1 }]);
  });
});

describe('reporting', () => {
  test('merges, and moves the reported version alone', () => {
    const once = reportProperties(fresh, { a: { b: 1 } }, T1);
    const twice = reportProperties(once, { a: { c: 2 }, x: null }, T2);
    expect(twice.reported).toMatchObject({ values: { a: { b: 1, c: 2 } }, version: 3 });
    expect(twice.etagCounter).toBe(1);
  });

  test('a version that the device demands must be the current one', () => {
    expect(codeOf(() => reportProperties(fresh, { a: 1 }, T1, 7))).toBe('PreconditionFailed');
    expect(codeOf(() => reportProperties(fresh, { a: 1 }, T1, 1))).toBe('done');
  });

  test.each([[[]], [null], ['text'], [5]])('%j is no patch', (patch) => {
    expect(codeOf(() => reportProperties(fresh, patch, T1))).toBe('ArgumentInvalid');
  });
});

test('a property named __proto__ or constructor is data', () => {
  const patch = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}') as object;
  const once = reportProperties(fresh, patch, T1);
  expect(JSON.stringify(once.reported.values)).toBe('{"__proto__":{"polluted":1},"constructor":2,"toString":3}');
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  const twice = reportProperties(once, JSON.parse('{"__proto__": null}'), T2);
  expect(JSON.stringify(twice.reported.values)).toBe('{"constructor":2,"toString":3}');
});
