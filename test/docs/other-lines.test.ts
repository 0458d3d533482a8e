import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = ['README.md', 'SECURITY.md', ...pagesIn('docs'), ...pagesIn('docs/decisions'), 'docs/guides/README.md'];
PAGES.push('docs/guides/your-own-programs.md');

/** Lines that cannot be run here, by a part of them, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  '--standard-ports': 'takes 443, 8883 and 5671 of the machine; test/scenarios/hub-commands.test.ts has it',
  '--dps-id-scope': 'wants a provisioning service; test/device/fleet/provisioning.test.ts has one',
  '…': 'stands for any command',
};
/** Lines that end with another exit code than 0, by a part of them. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  "plant = 'Redmond43'\" -o ndjson": 8, // the scenario has devices that refuse
  '--retry-failed records.ndjson': 8, // and refuse again
  'reboot --all': 2, // wants --yes where nobody can be asked
};

const SCENARIO = `seed: 42
devices: { ids: 'pump-\${index}', count: 4 }
tags: { location: { plant: { $cycle: [Redmond43, Houston] } } }
reboot: { duration: 1s }
variants:
  - indexes: '1,3'
    reboot: { failureRate: 1 }
`;

// What the guides and the help do not have; command-lines.test.ts looks at the names of everything.
describe.skipIf(process.platform === 'win32')('a command line of the documentation works as it stands', () => {
  const programs = new Programs();
  const lines = [...new Set(PAGES.flatMap((page) => linesOf(readFileSync(join(ROOT, page), 'utf8'))))];
  const elsewhere = linesRunElsewhere();
  const runnable = lines.filter(
    (line) => !elsewhere.has(line) && !Object.keys(NOT_RUN).some((part) => line.includes(part)),
  );

  beforeAll(async () => {
    installPrograms(programs);
    writeFileSync(join(programs.home, 'plants.yaml'), SCENARIO);
    writeFileSync(join(programs.home, 'devices.yaml'), 'devices: [{ deviceId: seeded }]\n');
    writeFileSync(join(programs.home, 'package.json'), '{"scripts":{"test":"true","smoke":"true"}}');
    writeFileSync(join(programs.home, 'recording.ndjson'), '{"time":"2026-01-31T12:00:00Z","deviceId":"r","body":1}\n');
    await programs.run('sim-device', ['scenario', 'init']);
    await programs.startHub();
  });
  afterAll(() => programs[Symbol.asyncDispose]());

  test.each(runnable.filter((line) => line.startsWith('sim-device')))('%s', async (line) => {
    if (line.startsWith('sim-device scenario') || line.startsWith('sim-device replay')) return shell(programs, line);
    // A thousand devices are as many as ten to a command line.
    const device = programs.start('sim-device', wordsOf(line.replace(/--count \d+/, '--count 10')).slice(1));
    await device.prints(/ connected to|"event":"connected"|\b(\d+)\/\1 connected/);
    await device.interrupt();
  });

  describe('beside a device and a fleet', () => {
    beforeAll(async () => {
      await programs.hubAdmin('hub', 'reset', '--yes'); // the devices of the lines before have tags of their own
      const device = programs.start('sim-device', ['--reboot-seconds', '1', '--apply-seconds', '0']);
      const fleet = programs.start('sim-device', ['fleet', '--scenario', 'plants.yaml', '-o', 'ndjson']);
      await device.prints(/reported/);
      await fleet.prints(/pump-4.*"connected"|"connected".*pump-4/);
    });

    test.each(runnable.filter((line) => !line.startsWith('sim-device')))('%s', async (line) => {
      await shell(programs, line);
    });
  });
});

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

/** The guides are run by guides.test.ts, the examples of every help by the tests of the programs. */
function linesRunElsewhere(): Set<string> {
  const guides = pagesIn('docs/guides').filter((page) => !PAGES.includes(page));
  const examples = pagesIn('docs/commands').flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    return [...text.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = '']) => line);
  });
  return new Set([...guides.flatMap((page) => linesOf(readFileSync(join(ROOT, page), 'utf8'))), ...examples]);
}

/** Command lines of code blocks, and those of code in sentences that are more than the name of a command. */
function linesOf(text: string): string[] {
  const blocks = [...text.matchAll(/```(?:sh|console)\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.matchAll(/`((?:npx )?(?:hub-admin|sim-device) [^`]*)`/g)].map(([, code = '']) => code);
  return [...blocks.map(asTyped), ...inline.map(asTyped).filter((line) => !isName(line))].filter((line) =>
    /(^|["\s])(hub-admin|sim-device) /.test(line),
  );
}

function asTyped(line: string): string {
  return line
    .replace(/^\$ /, '')
    .replace(/\s{3,}#.*$/, '')
    .replaceAll(/\b(npx |node bin\/)(hub-admin|sim-device)(\.js)?/g, '$2')
    .replaceAll('<id>', 'myDeviceId')
    .replaceAll('<code>', '404103')
    .trim();
}

/** `hub-admin twin show` names a command and tells nobody to type just that. */
function isName(line: string): boolean {
  const words = line.split(' ').slice(1);
  return words.every((word) => /^[a-z][a-z-]*$/.test(word));
}

async function shell(programs: Programs, line: string): Promise<void> {
  const [, expected = 0] = Object.entries(EXIT_CODES).find(([part]) => line.includes(part)) ?? [];
  const path = `${join(programs.home, 'bin')}:${process.env['PATH'] ?? ''}`;
  // What goes on for ever has shown by then that it works.
  const limited = line.startsWith('hub-admin monitor') ? `${line} --duration 1s` : line;
  const startsHub = / hub( --detach)?$/.test(line);
  const own = startsHub ? { TANDEM_HOME: join(programs.home, 'another') } : {};
  const script = startsHub ? `${limited} --detach && hub-admin hub stop` : limited;
  const options = { cwd: programs.home, env: { ...programs.env, ...own, PATH: path } };
  const code = await run('bash', ['-c', script], options).then(
    () => 0,
    (error: unknown) => error,
  );
  expect(code instanceof Error ? `${String(Reflect.get(code, 'code'))}: ${code.message}` : code).toEqual(
    expected === 0 ? 0 : (expect.stringMatching(`^${expected}:`) as string),
  );
}

function installPrograms(programs: Programs): void {
  const bin = join(programs.home, 'bin');
  mkdirSync(bin);
  for (const program of ['hub-admin', 'sim-device']) {
    const file = join(bin, program);
    writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin', `${program}.js`)}" "$@"\n`);
    chmodSync(file, 0o755);
  }
}

/** Words of a command line as a shell splits them: blanks outside single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
}
