import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HUB_ERRORS } from '../../src/hub/index.ts';
import { allExplanations } from '../../src/service/commands/explain.ts';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();
const SOURCES = join(import.meta.dirname, '..', '..', 'src');

describe('explain', () => {
  test.each(['404103', 'DeviceNotOnline', 'devicenotonline'])('%s', async (code) => {
    const run = await hub.run(['explain', code, '-o', 'json']);
    expect(run.json()).toMatchObject({ code: 'DeviceNotOnline', number: 404103, status: 404, exitCode: 5 });
  });

  test('is offline, and for people a few lines', async () => {
    const run = await hub.run(['explain', '504101'], { env: { TANDEM_HOME: '/nowhere' } });
    expect(run.stdout).toMatch(
      /^504101 GatewayTimeout\nmeaning {5}.*\nwhat to do {2}.*\nexit code {3}6\nread on {5}docs\/troubleshooting\.md#exit-code-6\n$/,
    );
  });

  test('a code that is none names the nearest', async () => {
    const run = await hub.run(['explain', '404104x']);
    expect([run.exitCode, run.stderr]).toEqual([3, expect.stringContaining('did you mean')]);
  });

  test('points at a heading that is there, for every code', () => {
    const page = readFileSync(join(SOURCES, '..', 'docs', 'troubleshooting.md'), 'utf8');
    const codes = new Set(allExplanations().map(({ exitCode }) => exitCode));
    for (const code of codes) if (code !== 0) expect(page).toContain(`\n## Exit code ${code}\n`);
  });

  test.each([
    ['ECONNREFUSED', 'ConnectionRefused'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UntrustedCertificate'],
  ])('takes %s, as an error has it, for %s', async (code, name) => {
    expect((await hub.run(['explain', code, '-o', 'json'])).json()).toMatchObject({ code: name, exitCode: 9 });
  });

  test('knows every code that the local hub sends', () => {
    const known = new Map(allExplanations().map((each) => [each.code, each.number]));
    for (const [code, { number }] of Object.entries(HUB_ERRORS))
      expect([code, known.get(code)]).toEqual([code, number]);
  });

  test('knows every code of our own errors', () => {
    const known = new Set(allExplanations().map((each) => each.code));
    const thrown = sourceFiles(SOURCES)
      .filter((file) => !file.includes('/hub/'))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/ProgramError\(\s*'\w+',\s*'(\w+)'/g)])
      .map((match) => match[1]);
    expect(thrown.filter((code) => code !== undefined && !known.has(code))).toEqual([]);
  });
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
