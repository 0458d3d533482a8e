import { resolve, dirname } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type ProgramError, wrongCall } from '../../terminal/index.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Random } from '../random.ts';

/** What a module of the user's own is given to make a behaviour with. */
export interface OwnContext {
  readonly deviceId: string;
  readonly index: number;
  /** Seeded: the same seed gives the same run. */
  readonly random: Random;
}

export type MakeBehaviour = (context: OwnContext) => Behaviour | readonly Behaviour[];

/**
 * Loads the module that a scenario names: `export default ({ deviceId, index, random }) => ({ methods: … })`.
 *
 * @throws ProgramError `wrongCall`
 */
export async function loadBehaviours(module: string, scenarioFile: string): Promise<MakeBehaviour> {
  const file = resolve(dirname(scenarioFile), module);
  const loaded = await importModule(file);
  const make: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'default') : undefined;
  if (!isMaker(make)) {
    throw wrongCall(
      `the behaviours module ${file} has no default export that is a function`,
      'write: export default ({ deviceId, index, random }) => ({ methods: { hello: () => ({ status: 200, payload: "hi" }) } })',
    );
  }
  return make;
}

async function importModule(file: string): Promise<unknown> {
  try {
    const loaded: unknown = await import(pathToFileURL(file).href);
    return loaded;
  } catch (error) {
    if (isUnknownExtension(error)) return importTypeScript(file);
    throw loadError(file, error);
  }
}

/** Node before 22.18 does not read TypeScript: esbuild does, where it is installed beside the module or beside this program. */
async function importTypeScript(file: string): Promise<unknown> {
  const esbuild = findEsbuild(file);
  if (esbuild === undefined) {
    throw wrongCall(
      `the behaviours module ${file} is TypeScript, which Node ${process.versions.node} does not read by itself`,
      'npm install esbuild beside it, use Node 22.18 or later, or write it in JavaScript',
    );
  }
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    });
    const code = outputFiles[0]?.text ?? '';
    const loaded: unknown = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
    return loaded;
  } catch (error) {
    throw loadError(file, error);
  }
}

/** By `require`, which looks from a folder of our choice: the scenario may be in a project of its own. */
function findEsbuild(file: string): typeof import('esbuild') | undefined {
  for (const from of [pathToFileURL(file), import.meta.url]) {
    try {
      const found: unknown = createRequire(from)('esbuild');
      if (isEsbuild(found)) return found;
    } catch {
      // Not there; perhaps in the other place.
    }
  }
  return undefined;
}

function isEsbuild(found: unknown): found is typeof import('esbuild') {
  return typeof found === 'object' && found !== null && 'build' in found;
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
}

function loadError(file: string, error: unknown): ProgramError {
  return wrongCall(
    `the behaviours module ${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    'the path is relative to the scenario file',
  );
}

function isMaker(value: unknown): value is MakeBehaviour {
  return typeof value === 'function';
}
