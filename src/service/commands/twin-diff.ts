import type { Command } from 'commander';
import type { TwinDocument } from '../../sdk/service-documents.ts';
import { type Column, cellText, columnText, recordWriter, renderTable } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { isSameJson, lastUpdated, pathsOf, valueAt } from '../sections.ts';

/** One value, as it is wished and as it is. */
export interface Difference {
  readonly path: string;
  readonly state: 'same' | 'different' | 'not reported' | 'not desired';
  readonly desired?: unknown;
  readonly reported?: unknown;
  readonly desiredVersion?: unknown;
  readonly desiredUpdated?: string;
  readonly reportedUpdated?: string;
}

export function addTwinDiff(host: CommandHost): void {
  addCommand(host, {
    words: 'diff <deviceId>',
    examples: ['hub-admin twin diff myDeviceId', 'hub-admin twin diff myDeviceId --changed -o json'],
  })
    .option('--changed', 'leave out what is the same')
    .action(async (deviceId: string, options: { changed?: boolean }, self: Command) => {
      await runTwinDiff(host.open(self), { deviceId, changed: options.changed ?? false });
    });
}

export async function runTwinDiff(console: Console, options: { deviceId: string; changed: boolean }): Promise<void> {
  const twin = await (await console.client()).getTwin(options.deviceId);
  const values = compare(twin).filter((value) => !options.changed || value.state !== 'same');
  const { desired, reported } = twin.properties;
  const { output } = console.options;
  if (output === 'table') {
    const rows = values.map((value) => COLUMNS.map((column) => columnText(column, value)));
    const titles = COLUMNS.map((column) => column.title);
    const table = renderTable(titles, rows, { width: console.terminal.width, colours: console.terminal.colours });
    const versions = `desired version ${cellText(desired['$version'])}, reported version ${cellText(reported['$version'])}`;
    await console.terminal.print([`"${twin.deviceId}": ${versions}`, ...table].join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: output, single: true });
  if (output === 'csv') for (const value of values) await writer.write({ deviceId: twin.deviceId, ...value });
  else {
    const versions = { desiredVersion: desired['$version'], reportedVersion: reported['$version'] };
    await writer.write({ deviceId: twin.deviceId, ...versions, values });
  }
  await writer.end();
}

/** Every value of either side, in the order of the desired ones. */
export function compare(twin: TwinDocument): Difference[] {
  const { desired, reported } = twin.properties;
  return pathsOf(desired, reported).map((path) => {
    const wished = valueAt(desired, path);
    const actual = valueAt(reported, path);
    const desiredUpdated = lastUpdated(desired, path);
    const reportedUpdated = lastUpdated(reported, path);
    const desiredVersion = valueAt(desired['$metadata'], [...path, '$lastUpdatedVersion']);
    return {
      path: path.join('.'),
      state: stateOf(wished, actual),
      ...(wished === undefined ? {} : { desired: wished }),
      ...(actual === undefined ? {} : { reported: actual }),
      ...(desiredVersion === undefined ? {} : { desiredVersion }),
      ...(desiredUpdated === undefined ? {} : { desiredUpdated }),
      ...(reportedUpdated === undefined ? {} : { reportedUpdated }),
    };
  });
}

function stateOf(wished: unknown, actual: unknown): Difference['state'] {
  if (actual === undefined) return 'not reported';
  if (wished === undefined) return 'not desired';
  return isSameJson(wished, actual) ? 'same' : 'different';
}

const COLUMNS: readonly Column<Difference>[] = [
  { title: 'property', value: (value) => value.path },
  { title: 'state', value: (value) => value.state },
  { title: 'desired', value: (value) => value.desired },
  { title: 'reported', value: (value) => value.reported },
  { title: 'desired at', value: (value) => value.desiredUpdated, kind: 'time' },
  { title: 'version', value: (value) => value.desiredVersion },
  { title: 'reported at', value: (value) => value.reportedUpdated, kind: 'time' },
];
