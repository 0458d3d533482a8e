import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { addExamples, type Program, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { EXAMPLE_SCENARIO } from '../scenario/example-scenario.ts';
import { readScenario } from '../scenario/read-scenario.ts';
import { sampleMessages } from '../scenario/sample-messages.ts';
import { Scenario } from '../scenario/scenario.ts';

const DEFAULT_FILE = 'scenario.yaml';

/** `sim-device scenario init|validate|show`. */
export function declareScenario(root: Command, program: Program): Command {
  const command = root.command('scenario').description('Write, check and look at scenario files.');
  const init = command
    .command('init')
    .description('Write a commented scenario file to start from.')
    .argument('[file]', `where to; "-" is stdout`, DEFAULT_FILE)
    .option('--force', 'replace a file that is there')
    .action((file: string, options: { force?: true }) => writeExample(file, options.force === true, program));
  addExamples(init, ['sim-device scenario init', 'sim-device scenario init - | head']);
  const validate = command
    .command('validate')
    .description('Check a scenario file; everything that is wrong is named with line and column.')
    .argument('<file>', 'YAML or JSON')
    .action((file: string) => validateScenario(file, program));
  addExamples(validate, ['sim-device scenario validate scenario.yaml']);
  const show = command
    .command('show')
    .description('Print what one device of a scenario effectively is, and the first messages it would send.')
    .argument('<file>', 'YAML or JSON')
    .option('--index <n>', 'which device (default: the first)', wholeNumber('--index', { min: 0, max: 1e9 }))
    .option('--messages <n>', 'how many messages of each stream', wholeNumber('--messages', { min: 0, max: 10_000 }), 3)
    .action((file: string, options: ShowOptions) => showScenario(file, options, program));
  addExamples(show, [
    'sim-device scenario show scenario.yaml --index 7',
    'sim-device scenario show scenario.yaml --messages 100',
  ]);
  return command;
}

interface ShowOptions {
  readonly index?: number;
  readonly messages: number;
}

async function writeExample(file: string, force: boolean, { terminal }: Program): Promise<void> {
  if (file === '-') {
    await terminal.write(EXAMPLE_SCENARIO);
    return;
  }
  if (existsSync(file) && !force)
    throw wrongCall(`${file} is there already`, 'name another file, or replace it with --force');
  writeFileSync(file, EXAMPLE_SCENARIO);
  await terminal.print(`wrote ${file}; try it with: sim-device --scenario ${file}`);
}

async function validateScenario(file: string, { terminal }: Program): Promise<void> {
  await Scenario.open(file, { seed: '', overrides: {} });
  const { telemetry, variants = [] } = readScenario(file);
  const streams = telemetry === undefined ? 'standard' : String(telemetry.length);
  await terminal.print(`${file} is valid: telemetry streams: ${streams}, variants: ${variants.length}`);
}

async function showScenario(file: string, options: ShowOptions, { terminal }: Program): Promise<void> {
  const scenario = await Scenario.open(file, { seed: 'show', overrides: {} });
  const index = options.index ?? scenario.start;
  const { deviceId, tags } = scenario.plan(index);
  const effective: Record<string, unknown> = { ...scenario.sections(deviceId, index) };
  for (const name of ['version', 'devices', 'variants', '$schema', 'tags', 'indexes', 'ids']) delete effective[name]; // eslint-disable-line @typescript-eslint/no-dynamic-delete -- a document, not a class
  const firstMessages = sampleMessages(scenario, index, options.messages);
  await terminal.write(
    stringify({ deviceId, index, ...(tags && { tags }), ...effective, firstMessages }, { lineWidth: 0 }),
  );
}
