import { expect, test } from 'vitest';
import { HubHome, type KillableHub } from './durability/killable-hub.ts';
import { RegistryWriter, Reporter, TwinWriter, type Witness } from './durability/witness.ts';

/** `TANDEM_DURABILITY_ROUNDS=50 npx vitest run test/hub/durability.test.ts` is the long form. */
const ROUNDS = Number(process.env['TANDEM_DURABILITY_ROUNDS'] ?? 3);
const MIN_LIFE_MS = 30;
const MAX_LIFE_MS = 400;

test(
  `nothing acknowledged is missing after ${ROUNDS} kills at random moments`,
  { timeout: ROUNDS * 20_000 },
  async () => {
    await using home = await HubHome.make();
    let hub = await home.start();
    const witnesses = await newWitnesses(hub);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const writing = witnesses.map((witness) => untilGone(witness.write(hub)));
      await new Promise((resolve) => setTimeout(resolve, MIN_LIFE_MS + Math.random() * (MAX_LIFE_MS - MIN_LIFE_MS)));
      await hub.kill();
      const faults = (await Promise.all(writing)).filter((fault) => fault !== undefined);
      expect(faults, 'the hub refused something').toEqual([]);
      hub = await home.start();
      for (const witness of witnesses) await witness.check(hub);
    }
    await hub.kill();
  },
);

async function newWitnesses(hub: KillableHub): Promise<Witness[]> {
  const keys: string[] = [];
  for (const deviceId of ['writer-1', 'writer-2', 'reporter-1', 'reporter-2']) {
    const { body } = await hub.call('PUT', `/devices/${deviceId}`, { deviceId });
    keys.push(body.authentication.symmetricKey.primaryKey);
  }
  return [
    new TwinWriter('writer-1'),
    new TwinWriter('writer-2'),
    new RegistryWriter('a'),
    new RegistryWriter('b'),
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
