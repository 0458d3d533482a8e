import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXAMPLE_SCENARIO } from '../../../src/device/scenario/example-scenario.ts';
import { parseScenario } from '../../../src/device/scenario/read-scenario.ts';
import { SCENARIO_SCHEMA } from '../../../src/device/scenario/schema.ts';

const wrong = (text: string): string => {
  try {
    parseScenario(text, 's.yaml');
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('it was accepted');
};

describe('a scenario file', () => {
  test('the example that init writes is valid', () => {
    expect(parseScenario(EXAMPLE_SCENARIO, 'example').telemetry).toHaveLength(1);
  });

  test('may be JSON, and may be empty', () => {
    expect(parseScenario('{ "reboot": { "duration": "1s" } }', 's.json').reboot).toEqual({ duration: '1s' });
    expect(parseScenario('', 's.yaml')).toEqual({});
  });

  test('the schema for editors in docs/ is the one that is checked', () => {
    expect(JSON.parse(readFileSync('docs/scenario.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(SCENARIO_SCHEMA)),
    );
  });

  test.each([
    [
      'a name that is not known',
      'seed: 1\ntelemetri: []\n',
      's.yaml:2:1: the scenario has no "telemetri"; did you mean "telemetry"?',
    ],
    [
      'one deep inside',
      'reboot:\n  durration: 5s\n',
      's.yaml:2:3: reboot has no "durration"; did you mean "duration"?',
    ],
    ['a value of the wrong type', 'telemetry: 5\n', 's.yaml:1:12: telemetry must be a list, got 5'],
    [
      'a value outside its range',
      'reboot: { failureRate: 2 }\n',
      's.yaml:1:24: reboot.failureRate must be from 0 to 1, got 2',
    ],
    [
      'no duration',
      'reboot:\n  duration: soon\n',
      's.yaml:2:13: reboot.duration must be a duration such as 500ms, 10s, 5m or 24h, got "soon"',
    ],
    [
      'a kind that is not known',
      'faults:\n  - kind: dropp\n',
      's.yaml:2:11: faults[0].kind must be one of drop, delay, duplicate, loseAnswer, clockSkew, got "dropp"; did you mean drop?',
    ],
    [
      'a member that is missing',
      'telemetry:\n  - name: a\n    body: {}\n',
      's.yaml:2:5: telemetry[0] needs "interval"',
    ],
    [
      'a generator that is not known',
      'tags:\n  x: { $cycel: [1] }\n',
      's.yaml:2:8: there is no generator $cycel; did you mean $cycle?',
    ],
    [
      'a fault without its time',
      'faults:\n  - kind: drop\n',
      's.yaml:2:5: faults[0] of kind drop needs "at" or "every" or "rate"',
    ],
    [
      'a fault with what belongs to another',
      'faults:\n  - { kind: duplicate, rate: 1, for: 5s }\n',
      's.yaml:2:33: a fault of kind duplicate has no "for", only kind, rate',
    ],
    [
      'two streams of one name',
      'telemetry:\n  - { name: a, interval: 1, body: 1 }\n  - { name: a, interval: 1, body: 1 }\n',
      's.yaml:3:13: telemetry[1].name is used twice: "a"',
    ],
    [
      'a method name that no topic takes',
      'methods:\n  a/b: {}\n',
      's.yaml:2:3: a name in methods must be a method name: up to 100 characters, none of / + # ? or blanks, got "a/b"',
    ],
    [
      'a variant for nobody',
      'variants:\n  - connectivity: wifi\n',
      's.yaml:2:5: variants[0] needs "indexes" or "ids": which devices it is for',
    ],
  ])('%s is named with line and column', (_, text, message) => {
    expect(wrong(text)).toBe(message);
  });

  test('everything that is wrong is named at once', () => {
    expect(wrong('sead: 1\nreboot: { anser: before }\n').split('\n')).toHaveLength(2);
  });

  test('text that is no YAML is placed too', () => {
    expect(wrong('a: [1, 2\nb: 3')).toMatch(/^s\.yaml:2:\d+: /);
  });
});
