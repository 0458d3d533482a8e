import { Command } from 'commander';
import { redact } from '../config/index.ts';
import { processTerminal, type Program, runProgram } from '../terminal/index.ts';
import { declareFleet } from './commands/fleet.ts';
import { declareReplay } from './commands/replay.ts';
import { declareRun } from './commands/run.ts';
import { declareScenario } from './commands/scenario.ts';

declare const TANDEM_VERSION: string | undefined;

/** sim-device, from its arguments to its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  await runProgram({ terminal: processTerminal({ argv, redact }), argv, declare });
}

function declare(program: Program): Command {
  const root = new Command('sim-device')
    .description('Simulate devices of Azure IoT Hub, on a real hub or on a local one that it brings along.')
    .version(typeof TANDEM_VERSION === 'string' ? TANDEM_VERSION : '0.0.0-dev', '--version', 'print the version')
    .helpOption('-h, --help', 'this text')
    .enablePositionalOptions();
  const run = declareRun(root, program);
  declareFleet(root, program);
  declareScenario(root, program);
  declareReplay(root, program);
  root.addHelpText('after', () => `\nWithout a command:\n\n${indent(run.helpInformation())}`);
  return root;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
