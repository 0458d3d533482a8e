import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Twin } from 'azure-iot-device';
import { beforeAll, describe, expect, test } from 'vitest';
import { hubForTests, report } from './hub-admin.ts';

// The examples of every help run as they stand; those of the hub's own commands in test/scenarios/hub-examples.test.ts.

const hub = hubForTests();

beforeAll(async () => {
  await hub.device('pump-1', { tags: { retired: true } });
  await hub.device('myDeviceId', { tags: { location: { plant: 'Redmond43' } } });
  writeFileSync(join(hub.home, 'devices.ndjson'), '{"id":"from-ndjson","tags":{"floor":1}}\n');
  writeFileSync(join(hub.home, 'devices.csv'), 'deviceId,tags.floor\nfrom-csv,2\n');
  const device = await hub.connect('myDeviceId');
  const twin: Twin = await report(device, { connectivity: 'cellular', status: 'Success' });
  hub.answer(device, 'DeviceMethod', (payload) => ({ status: 200, payload }));
  hub.answer(device, 'rebootDevice', () => {
    twin.properties.reported['update']({ rebootTime: new Date().toISOString() }, () => undefined);
    return { status: 200 };
  });
  await hub.run(['device', 'create', 'myDeviceId', '--module', 'camera']);
  await hub.run(['job', 'reboot', 'myDeviceId', '--job-id', 'reboot-1a2b3c4d', '--watch']);
  await hub.run(['job', 'tag', 'myDeviceId', 'x=1', '--job-id', 'tag-5e6f7a8b', '--at', '1h']);
  twin.on('properties.desired', (patch: Record<string, unknown>) => {
    const { $version: _version, ...values } = patch;
    twin.properties.reported['update']({ ...values, status: 'Success' }, () => undefined);
  });
});

describe('the examples of hub-admin', () => {
  test.each([
    'reboot',
    'invoke',
    'tag',
    'set-desired',
    'query',
    'wait',
    'send',
    'explain',
    'doctor',
    'completion',
    'monitor',
  ])('%s', async (command) => {
    await runExamples([command]);
  });

  test.each(['job', 'twin', 'device', 'configuration'])('%s …', async (group) => {
    for (const command of await commandsOf(group)) await runExamples([group, command]);
  });
});

async function runExamples(command: readonly string[]): Promise<void> {
  const help = await hub.run([...command, '--help']);
  const examples = [...help.stdout.matchAll(/^ {2}\$ hub-admin (.*)$/gm)].map((match) => match[1] ?? '');
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    const run = await hub.run(splitWords(example));
    expect(run.exitCode, `${example}\n${run.stderr}`).toBe(0);
  }
}

async function commandsOf(group: string): Promise<string[]> {
  const help = await hub.run([group, '--help']);
  const list = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(help.stdout)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? '').filter((name) => name !== 'help');
}

/** The words of a line as a shell makes them: quotes of both kinds, nothing else. */
function splitWords(line: string): string[] {
  const words = line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return [...words].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, (_all, double, single) => double ?? single));
}
