/** Runs the benchmarks: `npm run bench`, or `npm run bench telemetry connects` for some of them. See docs/performance.md. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
// Inside the project, so that the packages that stay outside the bundles are found.
const out = join(root, 'node_modules', '.cache', `tandem-bench-${process.pid}`);
mkdirSync(out, { recursive: true });
const processes = readdirSync(join(root, 'bench', 'processes')).map((name) => join(root, 'bench', 'processes', name));
try {
  await build({
    entryPoints: [join(root, 'bench', 'main.ts'), ...processes],
    outdir: out,
    outbase: join(root, 'bench'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, [join(out, 'main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  rmSync(out, { recursive: true, force: true });
}
