import { describe, expect, test } from 'vitest';
import { Hub } from '../../src/hub/hub.ts';
import { HubError, MemoryJournal } from '../../src/hub/index.ts';
import type { JsonObject } from '../../src/hub/model/json.ts';
import { parseSasToken } from '../../src/hub/model/sas-token.ts';
import { sasToken } from '../support/hub.ts';
import { hostileJson } from './hostile-json.ts';
import { mutateText } from './mutate.ts';
import { IS_LONG, Random, rounds, SEED } from './random.ts';

/** What needs no socket: the rules themselves, a million times. */
const TIMEOUT = { timeout: IS_LONG ? 3_600_000 : 60_000 };

async function openHub(): Promise<Hub> {
  const hub = await Hub.open({ journal: new MemoryJournal(), hostNames: ['localhost'] });
  for (const deviceId of ['victim', 'witness']) {
    await hub.registry.putDevice(deviceId, { deviceId }, { kind: 'none' });
    const body = { tags: { plant: 'a', floor: 2 }, properties: { desired: { config: { id: 1, list: [1, 2] } } } };
    await hub.twins.patch({ deviceId }, body, { kind: 'any' });
  }
  return hub;
}

/** A refusal of the hub's own is an answer; anything else that is thrown is a bug. */
function isRefusal(error: unknown): boolean {
  return error instanceof HubError && error.status < 500;
}

const QUERIES = [
  'SELECT * FROM devices',
  "SELECT deviceId, tags.plant AS p FROM devices WHERE tags.plant = 'a' AND NOT tags.floor > 1.5e0",
  'SELECT COUNT() AS n, AVG(tags.floor) AS f FROM devices GROUP BY tags.plant',
  "SELECT TOP 5 * FROM devices WHERE tags.plant IN ['a', 'b'] OR tags.floor NIN [1, null]",
  "SELECT * FROM devices WHERE STARTS_WITH(deviceId, 'v') AND IS_DEFINED(properties.desired.config.id)",
  "SELECT * FROM devices.modules WHERE properties.reported.a.b <= -1 AND devices.modules.moduleId != 'x'",
  "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'j' AND devices.jobs.createdDateTimeUtc >= '2026-01-01'",
  "SELECT * FROM devices WHERE [[tags]].a = true AND properties.reported['b c'] <> false",
] as const;

test(`mutated queries are answered or refused with their place (seed ${SEED})`, TIMEOUT, async () => {
  const hub = await openHub();
  const random = new Random(SEED);
  for (let number = rounds(10_000, 200_000); number > 0; number -= 1) {
    const text = random.chance(0.1)
      ? QUERIES.join(random.pick([' ', ' AND ', '(', ',']))
      : mutateText(random.pick(QUERIES), random);
    try {
      const { rows } = await hub.queries.run(text, { maxItems: undefined, continuation: undefined });
      JSON.stringify(rows);
    } catch (error) {
      if (!isRefusal(error))
        throw new Error(`the query ${JSON.stringify(text)} is neither answered nor refused`, { cause: error });
    }
  }
  hub.close();
});

describe('deep queries', () => {
  test.each([
    ['parentheses', `SELECT * FROM devices WHERE ${'('.repeat(5000)}tags.a = 1${')'.repeat(5000)}`],
    ['NOTs', `SELECT * FROM devices WHERE ${'NOT '.repeat(5000)}tags.a = 1`],
    ['ANDs', `SELECT * FROM devices WHERE ${'tags.a = 1 AND '.repeat(5000)}tags.a = 1`],
    ['minus signs', `SELECT * FROM devices WHERE tags.a = ${'-'.repeat(5000)}1`],
    ['a path', `SELECT * FROM devices WHERE tags${'.a'.repeat(5000)} = 1`],
    ['lists', `SELECT * FROM devices WHERE tags.a IN ${'['.repeat(5000)}1${']'.repeat(5000)}`],
  ])('%s are answered or refused, and no stack overflows', async (_name, text) => {
    const hub = await openHub();
    try {
      await hub.queries.run(text, { maxItems: undefined, continuation: undefined });
    } catch (error) {
      expect(isRefusal(error), String(error)).toBe(true);
    }
    hub.close();
  });
});

test(`a mutated token opens nothing that the token did not (seed ${SEED})`, TIMEOUT, async () => {
  const hub = await openHub();
  const random = new Random(SEED);
  const key = hub.authorization.policy('iothubowner').primaryKey;
  const good = sasToken({
    resource: 'localhost',
    key,
    expirySeconds: Math.floor(Date.now() / 1000) + 3600,
    policyName: 'iothubowner',
  });
  const meaning = parseSasToken(good);
  for (let number = rounds(10_000, 150_000); number > 0; number -= 1) {
    const token = mutateText(good, random);
    try {
      hub.authorization.authorizeService(token, ['RegistryRead'], ['devices']);
      const { resource, expiryText, policyName } = parseSasToken(token);
      // The same in other words, such as one more space or a field twice.
      expect({ resource, expiryText, policyName }, token).toEqual({
        resource: meaning.resource,
        expiryText: meaning.expiryText,
        policyName: meaning.policyName,
      });
    } catch (error) {
      if (!isRefusal(error))
        throw new Error(`the token ${JSON.stringify(token)} is neither taken nor refused`, { cause: error });
    }
  }
  hub.close();
});

test(`hostile twin changes are applied or refused, and stay data (seed ${SEED})`, TIMEOUT, async () => {
  const hub = await openHub();
  const random = new Random(SEED);
  const witness = JSON.stringify(hub.twins.document({ deviceId: 'witness' }));
  for (let number = rounds(5_000, 150_000); number > 0; number -= 1) {
    const text = hostileJson(random);
    const side = random.pick(['tags', 'desired', 'reported', 'replace'] as const);
    try {
      await change(hub, side, text);
      const document = hub.twins.document({ deviceId: 'victim' });
      // What the twin shows survives the journey to disk and back.
      expect(JSON.parse(JSON.stringify(document))).toEqual(document);
      expect(Object.keys(Object.prototype)).toEqual([]);
    } catch (error) {
      if (!isRefusal(error)) throw new Error(`${side} ${text} is neither applied nor refused`, { cause: error });
    }
  }
  expect(JSON.stringify(hub.twins.document({ deviceId: 'witness' }))).toBe(witness);
  hub.close();
});

async function change(hub: Hub, side: 'tags' | 'desired' | 'reported' | 'replace', text: string): Promise<void> {
  const value: unknown = JSON.parse(text);
  const target = { deviceId: 'victim' };
  if (side === 'reported') await hub.twins.report(target, value);
  else if (side === 'replace')
    await hub.twins.replace(target, { tags: value, properties: { desired: value } }, { kind: 'any' });
  else
    await hub.twins.patch(target, side === 'tags' ? { tags: value } : { properties: { desired: value } }, {
      kind: 'any',
    });
}

describe('names that mean something to JavaScript are data in a twin', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each(NAMES)('%s is merged, shown, queried and removed as any other', async (name) => {
    const hub = await openHub();
    const target = { deviceId: 'victim' };
    const patch = (text: string): Promise<JsonObject> => hub.twins.patch(target, JSON.parse(text), { kind: 'any' });
    await patch(`{"tags":{${JSON.stringify(name)}:{"polluted":1}}}`);
    await patch(`{"tags":{${JSON.stringify(name)}:{"more":2}}}`);
    await hub.twins.report(target, JSON.parse(`{${JSON.stringify(name)}:{"polluted":1}}`));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    const shown = JSON.stringify(hub.twins.document(target));
    expect(shown).toContain(`${JSON.stringify(name)}:{"polluted":1,"more":2}`);
    const found = await hub.queries.run(`SELECT * FROM devices WHERE tags.${name}.polluted = 1`, {
      maxItems: undefined,
      continuation: undefined,
    });
    expect(found.rows).toHaveLength(1);
    const others = await hub.queries.run(`SELECT * FROM devices WHERE IS_DEFINED(tags.nothing.${name})`, {
      maxItems: undefined,
      continuation: undefined,
    });
    expect(others.rows).toHaveLength(0);
    await patch(`{"tags":{${JSON.stringify(name)}:null}}`);
    expect(JSON.stringify(hub.twins.document(target)['tags'])).not.toContain(name);
    hub.close();
  });
});
