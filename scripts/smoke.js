/**
 * `npm run smoke`: one device, one reboot, one query, against whatever hub is configured: Azure when connection strings are
 * set, a local hub otherwise. For CI: ends with 0, or says what failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = join(import.meta.dirname, '..', 'bin');
const DEVICE_TIMEOUT_MS = 60_000;

const device = spawn(
  process.execPath,
  [join(BIN, 'sim-device.js'), '-o', 'ndjson', '--create', '--reboot-seconds', '1'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const deviceId = await firstConnection(device);
  await hubAdmin('reboot', deviceId, '-o', 'json');
  await hubAdmin('query', `deviceId = '${deviceId}' AND IS_DEFINED(properties.reported.rebootTime)`, '-o', 'json');
  console.log('smoke: passed');
} catch (error) {
  console.error(`smoke: ${error.message}`);
  process.exitCode = 1;
} finally {
  device.kill('SIGINT');
  if (device.exitCode === null && device.signalCode === null) await once(device, 'exit');
}

/** The id under which the device has connected. */
async function firstConnection(child) {
  const timer = setTimeout(() => child.kill('SIGTERM'), DEVICE_TIMEOUT_MS);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line);
      if (event.event === 'connected') return event.deviceId;
    }
  } finally {
    clearTimeout(timer);
    child.stdout.resume(); // go on reading, so that the device never waits for us
  }
  throw new Error('the device did not connect');
}

async function hubAdmin(...args) {
  const child = spawn(process.execPath, [join(BIN, 'hub-admin.js'), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`hub-admin ${args[0]} ended with ${code}`);
}
