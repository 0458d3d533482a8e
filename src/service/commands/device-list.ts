import type { Command } from 'commander';
import { type DeviceIdentity, isObject } from '../../sdk/service-documents.ts';
import { recordWriter, wholeNumber } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { inOrder } from '../concurrency.ts';
import type { Console } from '../console.ts';
import { IDENTITY_COLUMNS, showIdentity } from '../identity-view.ts';
import { completeQuery, queryRows } from '../query-text.ts';
import { DEFAULT_CONCURRENCY } from '../targets.ts';

export interface ListOptions {
  readonly where?: string;
  readonly max?: number;
  readonly showKeys?: boolean;
}

/** The hub lists at most so many identities, and has no next page. */
const LONGEST_LIST = 1000;

export function addDeviceList(host: CommandHost): void {
  addCommand(host, {
    words: 'list',
    says: 'List the devices of the hub, their keys masked.',
    examples: [
      'hub-admin device list',
      `hub-admin device list --where "connectionState = 'Connected'" -o csv`,
      'hub-admin device list --max 10 -o json',
    ],
  })
    .option('--where <condition>', 'only the devices that meet an IoT Hub condition')
    .option(
      '--max <n>',
      'end after so many devices (default: all)',
      wholeNumber('--max', { min: 1, max: 1_000_000_000 }),
    )
    .option('--show-keys', 'show the keys instead of masking them')
    .action(async (options: ListOptions, self: Command) => {
      await runDeviceList(host.open(self), options);
    });
}

export async function runDeviceList(console: Console, options: ListOptions): Promise<void> {
  const writer = recordWriter<DeviceIdentity>(console.terminal, {
    format: console.options.output,
    columns: [{ title: 'deviceId', value: (identity) => identity.deviceId }, ...IDENTITY_COLUMNS],
    empty: 'No devices.',
    secret: options.showKeys === true,
  });
  let count = 0;
  for await (const identity of findIdentities(console, options.where)) {
    if (count++ === options.max) break;
    await writer.write(showIdentity(identity, options.showKeys));
  }
  await writer.end();
}

/** All identities: the hub's list as far as it goes, behind that one by one, found by query. */
export async function* findIdentities(console: Console, where: string | undefined): AsyncGenerator<DeviceIdentity> {
  const client = await console.client();
  const listed = where === undefined ? await client.listDevices() : [];
  yield* listed;
  if (where === undefined && listed.length < LONGEST_LIST) return;
  const known = new Set(listed.map((identity) => identity.deviceId));
  const missing: string[] = [];
  for await (const row of queryRows(console, completeQuery(where, 'deviceId'))) {
    const id = isObject(row) ? row['deviceId'] : undefined;
    if (typeof id === 'string' && !known.has(id)) missing.push(id);
  }
  const options = { concurrency: DEFAULT_CONCURRENCY, signal: console.signal };
  yield* inOrder(missing, options, (deviceId) => client.getDevice(deviceId));
}
