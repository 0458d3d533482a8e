/**
 * `npm run prepare`, which npm runs behind `npm ci`: builds. Where an example links to this folder, npm has not installed what this
 * folder needs itself; then that comes first, so that the example needs nothing but its own `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

if (!existsSync(join(ROOT, 'node_modules', 'esbuild'))) npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
npm('run', 'build');

function npm(...words) {
  const { status } = spawnSync('npm', words, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
