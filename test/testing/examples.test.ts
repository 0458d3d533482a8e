import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'tandem-examples-')));

/** The examples as somebody has them who installed the package: from its tarball, the other packages from ours. */
beforeAll(async () => {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', workspace], {
    cwd: root,
    shell: process.platform === 'win32',
  });
  const [tarball = ''] = readdirSync(workspace);
  await run('tar', ['-xzf', tarball], { cwd: workspace });
  const modules = join(workspace, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '.bin' && name !== 'iothub-tandem') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  cpSync(join(workspace, 'package'), join(modules, 'iothub-tandem'), { recursive: true });
  cpSync(join(root, 'examples'), join(workspace, 'examples'), {
    recursive: true,
    filter: (from) => !from.endsWith('node_modules'),
  });
});
afterAll(() => rmSync(workspace, { recursive: true, force: true }));

describe('the examples, with the package as it is published', () => {
  test('node:test passes', async () => {
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd: join(workspace, 'examples/node-test'),
    });
    expect(stdout).toMatch(/^# pass 3$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  });

  test('vitest passes', async () => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { stdout } = await run(process.execPath, [vitest, 'run', '--reporter=json'], {
      cwd: join(workspace, 'examples/vitest'),
      env: withoutVitest(process.env),
    });
    expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 3, numFailedTests: 0 });
  });

  test('the TypeScript example checks against the types of the test kit', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', '.', '--types', 'node'], { cwd: join(workspace, 'examples/vitest') });
  });

  test('the types of the test kit need nothing that is not in the package', () => {
    const folder = join(workspace, 'package/dist/testing');
    const names = readdirSync(folder);
    const imported = names.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^(?:import|export).* from '(.+)'/gm)].map(
        ([, from]) => from,
      ),
    );
    expect(imported.length).toBeGreaterThan(5);
    for (const from of imported) expect(names).toContain(from?.replace(/^\.\/(.+)\.js$/, '$1.d.ts'));
  });
});

function withoutVitest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('VITEST') && name !== 'NODE_ENV'));
}
