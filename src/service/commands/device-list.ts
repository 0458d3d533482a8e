import type { Command } from 'commander';
import { type DeviceIdentity, type Identity, isObject, type ModuleIdentity } from '../../sdk/service-documents.ts';
import { type Column, recordWriter, wholeNumber } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { inOrder } from '../concurrency.ts';
import type { Console } from '../console.ts';
import { IDENTITY_COLUMNS, showIdentity } from '../identity-view.ts';
import { completeQuery, queryRows } from '../query-text.ts';

export interface ListOptions {
  readonly where?: string;
  readonly modules?: boolean;
  readonly max?: number;
  readonly showKeys?: boolean;
}

/** The hub lists at most so many identities, and has no next page. */
const LONGEST_LIST = 1000;

export function addDeviceList(host: CommandHost): void {
  addCommand(host, {
    words: 'list',
    examples: [
      'hub-admin device list',
      `hub-admin device list --where "connectionState = 'Connected'" -o csv`,
      'hub-admin device list --max 10 -o json',
      'hub-admin device list --modules',
    ],
  })
    .option('--where <condition>', 'only the devices, or modules, that meet an IoT Hub condition')
    .option('--modules', 'list the modules of the devices instead')
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
  const { modules = false, where } = options;
  await list(console, modules ? findModules(console, where) : findIdentities(console, where), options);
}

async function list(console: Console, identities: AsyncGenerator<Identity>, options: ListOptions): Promise<void> {
  const writer = recordWriter<Identity>(console.terminal, {
    format: console.options.output,
    columns: columnsFor(options),
    empty: options.modules === true ? 'No modules.' : 'No devices.',
    secret: options.showKeys === true,
  });
  let count = 0;
  for await (const identity of identities) {
    if (count++ === options.max) break;
    await writer.write(showIdentity(identity, options.showKeys));
  }
  await writer.end();
}

function columnsFor({ modules = false }: ListOptions): Column<Identity>[] {
  const deviceId: Column<Identity> = { title: 'deviceId', value: (identity) => identity.deviceId };
  if (!modules) return [deviceId, ...IDENTITY_COLUMNS];
  const moduleId: Column<Identity> = { title: 'moduleId', value: (identity) => identity['moduleId'] };
  return [deviceId, moduleId, ...IDENTITY_COLUMNS.filter(({ title }) => title !== 'status')];
}

/** All modules, device by device: a query says which there are, the identities come from their devices. */
async function* findModules(console: Console, where: string | undefined): AsyncGenerator<ModuleIdentity> {
  const client = await console.client();
  const wanted = new Map<string, Set<string>>();
  const query = `SELECT deviceId, moduleId FROM devices.modules${where === undefined ? '' : ` WHERE ${where}`}`;
  for await (const row of queryRows(console, query)) {
    const { deviceId, moduleId } = isObject(row) ? row : {};
    if (typeof deviceId !== 'string' || typeof moduleId !== 'string') continue;
    wanted.set(deviceId, (wanted.get(deviceId) ?? new Set()).add(moduleId));
  }
  const options = { concurrency: undefined, signal: console.signal, callLimit: () => client.callLimit };
  for await (const modules of inOrder([...wanted.keys()], options, (deviceId) => client.listModules(deviceId))) {
    for (const module of modules) if (wanted.get(module.deviceId)?.has(module.moduleId) === true) yield module;
  }
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
  const options = { concurrency: undefined, signal: console.signal, callLimit: () => client.callLimit };
  yield* inOrder(missing, options, (deviceId) => client.getDevice(deviceId));
}
