/** Bundles the programs into dist/: one file to load per command instead of a tree of modules, see docs/decisions/0002-bundle-with-esbuild.md. */
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { 'sim-device': 'src/device/main.ts', 'hub-admin': 'src/service/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  sourcesContent: false,
  define: { TANDEM_VERSION: JSON.stringify(version) },
});
