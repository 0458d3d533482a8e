import { expect, test } from 'vitest';
import { openEventLog } from '../../src/hub/store/event-log/event-log-options.ts';
import { JobWriter } from './durability/job-writer.ts';
import { HubHome, type KillableHub } from './durability/killable-hub.ts';
import { MessageWriter } from './durability/message-writer.ts';
import { TelemetryWriter } from './durability/telemetry-writer.ts';
import { RegistryWriter, Reporter, TwinWriter, type Witness } from './durability/witness.ts';

/** `npm run torture kill` is the long form. */
const ROUNDS = Number(process.env['TANDEM_DURABILITY_ROUNDS'] ?? 3);
const IS_LONG = ROUNDS >= 50;
const MIN_LIFE_MS = 30;
const MAX_LIFE_MS = 400;

test(
  `nothing acknowledged is missing after ${ROUNDS} kills at random moments`,
  { timeout: ROUNDS * 20_000 },
  async () => {
    await using home = await HubHome.make();
    let hub = await home.start();
    const witnesses = await newWitnesses(hub);
    const senders = ['telemetry-1', 'telemetry-2', 'telemetry-3'].map((deviceId) => new TelemetryWriter(deviceId));
    for (const sender of senders) await sender.register(hub);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const writing = [...witnesses, ...senders].map((writer) => untilGone(writer.write(hub)));
      await new Promise((resolve) => setTimeout(resolve, MIN_LIFE_MS + Math.random() * (MAX_LIFE_MS - MIN_LIFE_MS)));
      await hub.kill();
      const faults = (await Promise.all(writing)).filter((fault) => fault !== undefined);
      expect(faults, 'the hub refused something').toEqual([]);
      checkTelemetry(home, senders);
      hub = await home.start();
      for (const witness of witnesses) await witness.check(hub);
    }
    await hub.kill();
    const done = [...witnesses, ...senders].map((writer) => [writer.constructor.name, writer.done] as const);
    if (!IS_LONG) return;
    process.stderr.write(`acknowledged: ${done.map(([name, count]) => `${name} ${count}`).join(', ')}\n`);
    for (const [name, count] of done) expect([name, count > ROUNDS]).toEqual([name, true]);
  },
);

/** In the files themselves, while no hub has them. */
function checkTelemetry(home: HubHome, senders: readonly TelemetryWriter[]): void {
  const log = openEventLog(
    { directory: home.eventsDirectory },
    { now: Date.now, onFault: (fault) => expect.unreachable(String(fault)) },
  );
  for (const sender of senders) sender.check(log);
  log.close();
}

async function newWitnesses(hub: KillableHub): Promise<Witness[]> {
  const keys: string[] = [];
  for (const deviceId of ['writer-1', 'writer-2', 'reporter-1', 'reporter-2', 'receiver-1', 'job-target-1']) {
    const { body } = await hub.call('PUT', `/devices/${deviceId}`, { deviceId });
    keys.push(body.authentication.symmetricKey.primaryKey);
  }
  return [
    new TwinWriter('writer-1'),
    new TwinWriter('writer-2'),
    new RegistryWriter('a'),
    new RegistryWriter('b'),
    new MessageWriter('receiver-1'),
    new JobWriter('job-target-1'),
    new Reporter('reporter-1', keys[2] ?? ''),
    new Reporter('reporter-2', keys[3] ?? ''),
  ];
}

/** A writer ends when its hub is gone; what it was refused before that is a failure. */
async function untilGone(writing: Promise<void>): Promise<string | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.includes('was answered') ? text : undefined;
  }
}
