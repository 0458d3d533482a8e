/**
 * Runs the torture in its long form: `npm run torture`, or `npm run torture kill bad-mqtt` for some of it. The short forms run
 * in `npm test`. `TANDEM_TORTURE_SEED` repeats a run, `TANDEM_TORTURE_ROUNDS` makes it shorter or longer.
 */
import { spawn } from 'node:child_process';

const TORTURES = {
  kill: ['test/hub/durability.test.ts'],
  'full-disk': ['test/torture/full-disk.test.ts'],
  'torn-write': ['test/torture/torn-write.test.ts'],
  'bad-mqtt': ['test/torture/bad-mqtt.test.ts'],
  'bad-http': ['test/torture/bad-http.test.ts'],
  'bad-amqp': ['test/torture/bad-amqp.test.ts', 'test/hub/front-ends/amqp/broken-bytes.test.ts'],
  'bad-texts': ['test/torture/bad-texts.test.ts'],
  'every-door': [
    'test/torture/every-door.test.ts',
    'test/torture/every-address.test.ts',
    'test/hub/front-ends/https/authorization.test.ts',
  ],
  'bad-network': ['test/torture/bad-network.test.ts', 'test/torture/bad-web-socket.test.ts'],
  'pair-under-faults': ['test/torture/pair-under-faults.test.ts'],
  'long-run': ['test/torture/long-run.test.ts'],
  'telemetry-retention': ['test/torture/telemetry-retention.test.ts'],
};
const KILL_ROUNDS = '200';

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(TORTURES, name));
if (unknown === undefined) process.exitCode = await run(wanted.length === 0 ? Object.keys(TORTURES) : wanted);
else {
  console.error(`there is no torture '${unknown}': choose from ${Object.keys(TORTURES).join(', ')}`);
  process.exitCode = 2;
}

/** One after the other: each takes the whole machine. */
async function run(names) {
  let worst = 0;
  for (const name of names) {
    console.log(`\n[${name}]`);
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...TORTURES[name]], {
      stdio: 'inherit',
      env: { TANDEM_DURABILITY_ROUNDS: KILL_ROUNDS, ...process.env, TANDEM_TORTURE: 'long' },
    });
    const code = await new Promise((resolve) => child.once('exit', (exitCode) => resolve(exitCode ?? 1)));
    worst = Math.max(worst, code);
  }
  return worst;
}
