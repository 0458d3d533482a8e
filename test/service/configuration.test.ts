import { describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

describe('configuration', () => {
  test('sets desired properties on the devices that meet its condition, and takes them away again', async () => {
    await hub.device('first', { tags: { floor: 1 } });
    await hub.device('second', { tags: { floor: 2 } });
    const created = await hub.run([
      ...['configuration', 'create', 'floor-1', 'sendFrequency=5m', 'heating.max:=23'],
      ...['--where', 'tags.floor = 1', '--priority', '7', '--label', 'season=winter', '-o', 'json'],
    ]);
    expect(created.exitCode, created.stderr).toBe(0);
    expect(created.json()).toMatchObject({
      id: 'floor-1',
      targetCondition: 'tags.floor = 1',
      priority: 7,
      labels: { season: 'winter' },
      content: { deviceContent: { 'properties.desired': { sendFrequency: '5m', heating: { max: 23 } } } },
    });
    await until(async () => (await desired('first'))['sendFrequency'] === '5m');
    expect(await desired('first')).toMatchObject({ heating: { max: 23 } });
    expect(await desired('second')).not.toHaveProperty('sendFrequency');

    const deleted = await hub.run(['configuration', 'delete', 'floor-1', '--yes']);
    expect(deleted.stdout).toBe('Deleted configuration "floor-1".\n');
    await until(async () => (await desired('first'))['sendFrequency'] === undefined);
  });

  test('is shown and listed, the one that wins first', async () => {
    await hub.run(['configuration', 'create', 'low', 'a:=1', '--where', 'tags.x = 1']);
    await hub.run(['configuration', 'create', 'high', 'a:=2', '--where', 'tags.x = 1', '--priority', '10']);
    const list = await hub.run(['configuration', 'list', '-o', 'json']);
    expect(list.json().map(({ id }: { id: string }) => id)).toEqual(['high', 'low']);
    expect((await hub.run(['configuration', 'list'])).stdout).toMatch(/^ID +PRIORITY +TARGET CONDITION/);
    const shown = await hub.run(['configuration', 'show', 'high']);
    expect(shown.stdout).toMatch(/^targetCondition +tags\.x = 1$/m);
    expect(shown.stdout).toMatch(/^content +\{"deviceContent":\{"properties\.desired":\{"a":2\}\}\}$/m);
  });

  test('without a condition it targets nothing yet; with --all everything, after a question', async () => {
    const none = await hub.run(['configuration', 'create', 'nothing', 'b:=1', '-o', 'json']);
    expect(none.json().targetCondition).toBe('');
    const unasked = await hub.run(['configuration', 'create', 'everything', 'b:=1', '--all']);
    expect(unasked.exitCode).toBe(2);
    expect(unasked.stderr).toContain('--yes');
    const all = await hub.run(['configuration', 'create', 'everything', 'b:=1', '--all', '--yes', '-o', 'json']);
    expect(all.json().targetCondition).toBe('*');
  });

  test('--dry-run shows what would be sent, and sends nothing', async () => {
    const run = await hub.run([
      'configuration',
      'create',
      'dry',
      '--content',
      '{"deviceContent":{"properties.desired.c":1}}',
      '--dry-run',
      '-o',
      'json',
    ]);
    expect(run.json()).toMatchObject({
      dryRun: true,
      id: 'dry',
      content: { deviceContent: { 'properties.desired.c': 1 } },
    });
    expect((await hub.run(['configuration', 'show', 'dry'])).exitCode).toBe(3);
  });
});

describe('configuration that is refused', () => {
  test.each([
    [['show', 'nobody'], 3, 'ConfigurationNotFound'],
    [['delete', 'nobody', '--yes'], 3, 'ConfigurationNotFound'],
    [['create', 'bad', 'a=1', '--where', 'tags. ='], 2, 'bad'],
    [['create', 'bad', 'a=1', '--where', 'x = 1', '--all'], 2, '--where and --all'],
    [['create', 'bad'], 2, 'nothing to change'],
    [['create', 'bad', 'a=1', '--content', '{}'], 2, 'either --content'],
    [['create', 'bad', 'a=1', '--priority', '-1'], 2, '--priority'],
  ])('%j ends with %d', async (words, exitCode, said) => {
    const run = await hub.run(['configuration', ...words]);
    expect(run.exitCode, run.stderr).toBe(exitCode);
    expect(run.stderr).toContain(said);
  });

  test('a second one of the same id ends with 1', async () => {
    await hub.run(['configuration', 'create', 'twice', 'a=1']);
    const run = await hub.run(['configuration', 'create', 'twice', 'a=1']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('ConfigurationAlreadyExists');
  });
});

async function desired(deviceId: string): Promise<Record<string, unknown>> {
  const client = await hub.client();
  const { properties } = await client.getTwin(deviceId);
  client.close();
  return properties.desired;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}
