import { cpus } from 'node:os';
import { renderComparison } from './report.ts';
import type { Row } from './row.ts';
import { connects } from './rows/connects.ts';
import { consoleStart } from './rows/console-start.ts';
import { deviceMemory } from './rows/device-memory.ts';
import { directMethods } from './rows/direct-methods.ts';
import { fleet } from './rows/fleet.ts';
import { fleetReboot } from './rows/fleet-reboot.ts';
import { fullScan } from './rows/full-scan.ts';
import { hubStart } from './rows/hub-start.ts';
import { queryEquality } from './rows/query-equality.ts';
import { reportedPatches } from './rows/reported-patches.ts';
import { telemetry } from './rows/telemetry.ts';

const ROWS: readonly Row[] = [
  consoleStart,
  telemetry,
  directMethods,
  reportedPatches,
  queryEquality,
  fullScan,
  deviceMemory,
  connects,
  fleetReboot,
  fleet,
  hubStart,
];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !ROWS.some((row) => row.name === name));
if (unknown === undefined) await runRows(ROWS.filter((row) => wanted.length === 0 || wanted.includes(row.name)));
else {
  process.stderr.write(`there is no benchmark '${unknown}': choose from ${ROWS.map((row) => row.name).join(', ')}\n`);
  process.exitCode = 2;
}

async function runRows(rows: readonly Row[]): Promise<void> {
  const [cpu] = cpus();
  process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}\n`);
  for (const row of rows) {
    process.stdout.write(`\n[${row.name}]\n`);
    try {
      const comparisons = await row.run((line) => process.stderr.write(`  … ${line}\n`));
      for (const comparison of comparisons) process.stdout.write(`${renderComparison(comparison).join('\n')}\n`);
    } catch (error) {
      process.stdout.write(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
