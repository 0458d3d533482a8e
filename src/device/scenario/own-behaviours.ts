import { resolve, dirname } from 'node:path';
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

/** Node before 22.18 does not read TypeScript: esbuild does, where the project has it. */
async function importTypeScript(file: string): Promise<unknown> {
  try {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
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
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      throw wrongCall(
        `the behaviours module ${file} is TypeScript, which Node ${process.versions.node} does not read by itself`,
        'npm install esbuild beside it, use Node 22.18 or later, or write it in JavaScript',
      );
    }
    throw loadError(file, error);
  }
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
