import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const CHECKOUT = join(import.meta.dirname, '..', '..');

// The package as `npm pack` makes it, in a project of its own. What it depends on is taken from the checkout, one folder up,
// so that the test needs no registry.
describe.skipIf(process.platform === 'win32')('the packed package, installed in another project', () => {
  const root = mkdtempSync(join(tmpdir(), 'tandem-package-'));
  const project = join(root, 'project');
  const ownHome = join(root, 'own-home');
  const env = { ...process.env, TANDEM_HOME: ownHome };

  beforeAll(() => {
    const installed = join(project, 'node_modules', 'iothub-tandem');
    mkdirSync(installed, { recursive: true });
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], {
      cwd: CHECKOUT,
    });
    execFileSync('tar', ['-xzf', join(root, packed.toString().trim()), '-C', installed, '--strip-components', '1']);
    symlinkSync(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'));
    mkdirSync(join(project, 'node_modules', '.bin'));
    for (const program of ['hub-admin', 'sim-device']) {
      const file = join(installed, 'bin', `${program}.js`);
      chmodSync(file, 0o755); // as npm does when it installs
      symlinkSync(file, join(project, 'node_modules', '.bin', program));
    }
    const scripts = { smoke: 'node node_modules/iothub-tandem/scripts/smoke.js' };
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, scripts }));
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test('two hubs that run a smoke test at the same moment do not meet, and leave the own TANDEM_HOME alone', async () => {
    const smoke = (): Promise<{ stdout: string }> =>
      run('npx', ['hub-admin', 'hub', 'exec', '--', 'npm', 'run', '--silent', 'smoke'], { cwd: project, env });
    const outputs = await Promise.all([smoke(), smoke()]);
    for (const { stdout } of outputs) {
      expect(stdout).toContain('smoke: passed');
      expect(stdout.match(/"deviceId": "myDeviceId",\n\s+"etag"/g)).toHaveLength(1);
    }
    expect(existsSync(ownHome)).toBe(false);
  });

  test('the programs say the version of the package', async () => {
    const { stdout } = await run('npx', ['sim-device', '--version'], { cwd: project, env });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});
