/** Bundles the programs into dist/: a command loads few files instead of a tree of modules, see docs/decisions/0002-bundle-with-esbuild.md. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

// Built beside and swapped in: a program that is started meanwhile finds the old build or the new one, never half of it. One that
// runs already, and loads another of its files later, does not find that any more.
const fresh = `dist.${process.pid}.new`;
const old = `dist.${process.pid}.old`;
await build({
  entryPoints: {
    'sim-device': 'src/device/main.ts',
    'hub-admin': 'src/service/main.ts',
    testing: 'src/testing/index.ts',
  },
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // libsql is a native module. The two others make certificates, at the very first start alone.
  external: ['libsql', '@peculiar/x509', 'reflect-metadata'],
  chunkNames: 'chunks/[name]-[hash]',
  // The Azure SDKs are CommonJS: bundled into ES modules they still ask for Node's own modules by `require`.
  banner: {
    js: "let nodeRequire; const require = (id) => (nodeRequire ??= process.getBuiltinModule('module').createRequire(import.meta.url))(id);",
  },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [lateChildProcess(), processAsGlobal()],
  define: { TANDEM_VERSION: JSON.stringify(version) },
}).catch((error) => {
  rmSync(fresh, { recursive: true, force: true });
  process.exitCode = 1;
  throw error;
});
writeDeclarations('src/testing', join(fresh, 'testing'));
try {
  renameSync('dist', old);
} catch (error) {
  if (error.code !== 'ENOENT') throw error; // the first build
}
renameSync(fresh, 'dist');
rmSync(old, { recursive: true, force: true });

/**
 * Types of the test kit, file by file and without a type check, which costs nothing: the files that index.ts shows state their
 * types and import nothing from other rooms in them.
 */
function writeDeclarations(from, to) {
  mkdirSync(to);
  const shown = readdirSync(from).filter((name) => isShown(name, readFileSync(join(from, 'index.ts'), 'utf8')));
  for (const name of shown) {
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(join(from, name), 'utf8'), {
      fileName: name,
      reportDiagnostics: true,
      compilerOptions: { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, isolatedDeclarations: true },
    });
    if (diagnostics.length > 0)
      throw new Error(`${from}/${name}: ${ts.flattenDiagnosticMessageText(diagnostics[0].messageText, ' ')}`);
    writeFileSync(
      join(to, `${basename(name, '.ts')}.d.ts`),
      outputText.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"),
    );
  }
}

/**
 * Commander's first line loads child_process, for commands that are programs of their own (git-style, `command(name, description)`
 * with a file behind it). Ours never are, yet every start would pay 4 ms of 84 for it: the line is replaced by one that loads it when
 * something is spawned. The build fails when commander no longer reads as expected; without this plugin all works the same, later.
 */
function lateChildProcess() {
  const eager = "const childProcess = require('node:child_process');";
  const late = "const childProcess = { spawn: (...args) => require('node:child_process').spawn(...args) };";
  return {
    name: 'late-child-process',
    setup: ({ onLoad }) => {
      onLoad({ filter: /[\\/]commander[\\/]lib[\\/]command\.js$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8');
        if (!contents.includes(eager))
          throw new Error(`${path} loads child_process in another way: see scripts/build.js`);
        return { contents: contents.replace(eager, late), loader: 'js' };
      });
    },
  };
}

/** An import of `node:process` makes Node read every property of it, the stream of standard input included: 3 ms of every start. */
function processAsGlobal() {
  return {
    name: 'process-as-global',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^node:process$/ }, ({ kind }) =>
        kind === 'import-statement' ? { path: 'process', namespace: 'global' } : undefined,
      );
      onLoad({ filter: /^process$/, namespace: 'global' }, () => ({ contents: 'export default process;' }));
    },
  };
}

function isShown(name, index) {
  return name === 'index.ts' || index.includes(`'./${name}'`);
}
