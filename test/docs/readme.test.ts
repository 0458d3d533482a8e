import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

const README = join(import.meta.dirname, '..', '..', 'README.md');

/** What is different each time that it is run, elsewhere, or where the usual ports are taken. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
  [/^\d\d:\d\d:\d\d/gm, '<time>'],
  [/its state is in \S+;/, 'its state is in <folder>;'],
  [/(MQTT|HTTPS) \d+/g, '$1 <port>'],
  [/^(took\s+)5\.\ds$/gm, '$1<5 s>'],
];

test('the reboot on the first screen of the README looks as it does there', async () => {
  await using programs = new Programs();
  const device = programs.start('sim-device', []);
  await device.prints(/reported/);
  const { stdout } = await programs.hubAdmin('reboot', 'myDeviceId');
  await device.prints(/reported .*rebootTime/);
  const lines = device.output.split('\n').filter((line) => !/^port \d+ is taken/.test(line));
  const [deviceScreen, consoleScreen] = screens();
  expect(settled(lines.join('\n'))).toBe(settled(deviceScreen));
  expect(settled(stdout)).toBe(settled(consoleScreen));
});

/** The outputs in the README below the two commands of the reboot. */
function screens(): [string, string] {
  const text = readFileSync(README, 'utf8');
  const outputOf = (command: string): string => {
    const [, output] = new RegExp(`\\$ ${command}\\n([^]*?)\\n\`\`\``).exec(text) ?? [];
    if (output === undefined) throw new Error(`the README shows nothing below ${command}`);
    return output;
  };
  return [outputOf('node bin/sim-device.js'), outputOf('node bin/hub-admin.js reboot myDeviceId')];
}

function settled(text: string): string {
  return VARYING.reduce((changed, [pattern, stands]) => changed.replace(pattern, stands), text.trim());
}
