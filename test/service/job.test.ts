import { beforeAll, describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

beforeAll(async () => {
  for (const id of ['a1', 'a2', 'a3']) await hub.device(id, { tags: { team: 'a' } });
  await hub.device('b1', { tags: { team: 'b' } });
  const device = await hub.connect('a1');
  hub.answer(device, 'rebootDevice', () => ({ status: 200, payload: { Response: 'Rebooting' } }));
  hub.answer(device, 'jam', () => ({ status: 500, payload: 'jammed' }));
  hub.answer(device, 'echo', (payload) => ({ status: 200, payload: { got: payload } }));
});

const TEAM_A = ['--where', "tags.team = 'a'"];

describe('job tag and set-desired', () => {
  test('--watch waits for the end: a record for each device, 0 when all are done', async () => {
    const run = await hub.run(['job', 'tag', ...TEAM_A, 'season=winter', '--watch', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toMatchObject(
      ['a1', 'a2', 'a3'].map((deviceId) => ({ deviceId, jobType: 'scheduleUpdateTwin', status: 'completed' })),
    );
    expect(run.stderr).toContain('3 of 3 done');
    const twin = (await hub.run(['twin', 'show', 'a3', '-o', 'json'])).json();
    expect(twin.tags).toEqual({ team: 'a', season: 'winter' });
    expect((await hub.run(['twin', 'show', 'b1', '-o', 'json'])).json().tags).toEqual({ team: 'b' });
  });

  test('one device: an object', async () => {
    const run = await hub.run(['job', 'set-desired', 'b1', 'level:=3', '--watch', '-o', 'json']);
    expect(run.json()).toMatchObject({ deviceId: 'b1', status: 'completed' });
    const twin = (await hub.run(['twin', 'show', 'b1', '-o', 'json'])).json();
    expect(twin.properties.desired).toMatchObject({ level: 3 });
  });

  test('--all asks, or wants --yes', async () => {
    const run = await hub.run(['job', 'tag', '--all', 'x=1']);
    expect([run.exitCode, run.stderr.includes('about to tag 4 devices by a job')]).toEqual([2, true]);
    expect((await hub.run(['job', 'tag', '--all', 'x=1', '--yes', '--watch'])).exitCode).toBe(0);
  });
});

describe('job reboot and invoke', () => {
  test('some failed: 8, each with its own reason, and --retry-failed reads the records', async () => {
    const run = await hub.run(['job', 'reboot', ...TEAM_A, '--watch', '-o', 'json']);
    expect(run.exitCode).toBe(8);
    expect(run.json()).toMatchObject([
      { deviceId: 'a1', outcome: { deviceMethodResponse: { status: 200, payload: { Response: 'Rebooting' } } } },
      { deviceId: 'a2', error: { code: 'DeviceNotOnline', exitCode: 5 } },
      { deviceId: 'a3', error: { code: 'DeviceNotOnline', exitCode: 5 } },
    ]);
    const retry = ['reboot', '--retry-failed', '-', '--dry-run', '-o', 'json'];
    const again = await hub.run(retry, { input: run.stdout });
    expect(again.json()).toMatchObject([{ deviceId: 'a2' }, { deviceId: 'a3' }]);
  });

  test('for people the failed are listed on stderr', async () => {
    const run = await hub.run(['job', 'reboot', ...TEAM_A, '--watch']);
    expect(run.stderr).toMatch(/1 of 3 done, 2 failed\n {2}a2: .*DeviceNotOnline/);
    expect(run.stdout).toMatch(/^a1 +completed +200 /m);
  });

  test.each([
    ['not connected: 5', ['a2', 'echo'], 5],
    ['a status of 500: 7', ['a1', 'jam'], 7],
  ])('one device, %s', async (_name, words, exitCode) => {
    const run = await hub.run(['job', 'invoke', ...words, '--watch', '-o', 'json']);
    expect([run.exitCode, run.json().deviceId]).toEqual([exitCode, words[0]]);
  });

  test('a payload of false, 0 or "" is sent as it is', async () => {
    const run = await hub.run(['job', 'invoke', 'a1', 'echo', 'false', '--watch', '-o', 'json']);
    expect(run.json().outcome.deviceMethodResponse).toEqual({ status: 200, payload: { got: false } });
  });
});

describe('job list, show, watch and cancel', () => {
  test('a job for later is scheduled, can be watched, and cancelled', async () => {
    const made = await hub.run(['job', 'tag', 'a1', 'x=1', '--at', '2h', '--job-id', 'later', '-o', 'json']);
    expect(made.json()).toMatchObject({ jobId: 'later', type: 'scheduleUpdateTwin', status: 'queued' });
    const watch = await hub.run(['job', 'watch', 'later', '--timeout', '1s']);
    expect([watch.exitCode, watch.stderr.includes('was not over within 1s')]).toEqual([6, true]);
    const cancelled = await hub.run(['job', 'cancel', 'later', '-o', 'json']);
    expect(cancelled.json()).toMatchObject({ jobId: 'later', status: 'cancelled' });
    expect((await hub.run(['job', 'watch', 'later'])).exitCode).toBe(1);
    expect((await hub.run(['job', 'cancel', 'later'])).exitCode).toBe(2);
    const list = await hub.run(['job', 'list', '--status', 'cancelled', '-o', 'json']);
    expect(list.json()).toMatchObject([{ jobId: 'later' }]);
  });

  test('show has the job and its devices', async () => {
    await hub.run(['job', 'reboot', 'a2', '--job-id', 'shown', '--watch']);
    const run = await hub.run(['job', 'show', 'shown', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toMatchObject({
      jobId: 'shown',
      status: 'completed',
      devices: [{ deviceId: 'a2', error: { code: 'DeviceNotOnline' } }],
    });
    const table = await hub.run(['job', 'show', 'shown']);
    expect(table.stdout).toMatch(/^begins +just now$/m);
    expect(table.stdout).toMatch(/^a2 /m);
  });

  test('list filters by type, and goes on behind the first page', async () => {
    const jobs = await (await hub.client()).jobs();
    await Promise.all(
      Array.from({ length: 105 }, (_, index) =>
        jobs.create({
          jobId: `many-${index}`,
          queryCondition: "deviceId = 'b1'",
          startTime: new Date(Date.now() + 3_600_000),
          maxExecutionTimeInSeconds: 60,
          action: { type: 'scheduleUpdateTwin', updateTwin: { tags: {} } },
        }),
      ),
    );
    const twin = (await hub.run(['job', 'list', '--type', 'twin', '-o', 'json'])).json();
    expect(twin.length).toBeGreaterThan(105);
    const method = (await hub.run(['job', 'list', '--type', 'method', '--max', '2', '-o', 'json'])).json();
    expect(method.map(({ type }: { type: string }) => type)).toEqual(['scheduleDeviceMethod', 'scheduleDeviceMethod']);
  });

  test('--dry-run shows the job, and makes none', async () => {
    const words = ['job', 'reboot', ...TEAM_A, '--max-execution-time', '10m', '--job-id', 'dry', '--dry-run'];
    expect((await hub.run([...words, '-o', 'json'])).json()).toMatchObject({
      jobId: 'dry',
      dryRun: true,
      devices: 3,
      queryCondition: "tags.team = 'a'",
      maxExecutionTimeInSeconds: 600,
      cloudToDeviceMethod: { methodName: 'rebootDevice', payload: null },
    });
    expect((await hub.run(['job', 'show', 'dry'])).exitCode).toBe(3);
  });
});

describe('a wrong call', () => {
  test.each([
    ['no device', ['reboot'], 2, 'no device named'],
    ['a bad condition', ['reboot', '--where', 'tags.team == 1'], 2, 'line 1, column'],
    ['a time that is none', ['reboot', 'a1', '--at', 'soon'], 2, '--at must be a time'],
    ['two words', ['reboot', 'a1', 'a2'], 2, 'unexpected "a2"'],
    ['no such device', ['reboot', 'nobody'], 3, 'there is no device "nobody"'],
    ['nothing matches', ['tag', '--where', "tags.team = 'z'", 'x=1'], 3, 'no device meets the condition'],
    ['no such job', ['watch', 'nothing'], 3, 'nothing'],
    ['an id that was used', ['tag', 'a1', 'x=1', '--job-id', 'shown'], 1, 'JobAlreadyExists'],
  ])('%s', async (_name, words, exitCode, message) => {
    const run = await hub.run(['job', ...words]);
    expect([run.exitCode, run.stdout]).toEqual([exitCode, '']);
    expect(run.stderr).toContain(message);
  });
});
