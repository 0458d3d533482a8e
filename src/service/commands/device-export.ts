import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type DeviceIdentity, isObject, type JsonObject, objectMember } from '../../sdk/service-documents.ts';
import { recordWriter, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { showIdentity } from '../identity-view.ts';
import { completeQuery, queryRows } from '../query-text.ts';
import { valuesOf } from '../sections.ts';
import { findIdentities } from './device-list.ts';

export interface ExportOptions {
  readonly file: string | undefined;
  readonly where?: string;
  readonly showKeys?: boolean;
}

export function addDeviceExport(host: CommandHost): void {
  addCommand(host, {
    words: 'export [file]',
    examples: ['hub-admin device export', 'hub-admin device export devices.ndjson --show-keys'],
  })
    .option('--where <condition>', 'only the devices that meet an IoT Hub condition')
    .option('--show-keys', 'with their keys; without, an import makes new ones')
    .action(async (file: string | undefined, options: Omit<ExportOptions, 'file'>, self: Command) => {
      await runDeviceExport(host.open(self), { ...options, file });
    });
}

export async function runDeviceExport(console: Console, options: ExportOptions): Promise<void> {
  const items = await readItems(console, options);
  if (options.file === undefined) {
    // NDJSON is the form of the file, so it is what a person gets as well.
    const { output } = console.options;
    const format = output === 'table' ? 'ndjson' : output;
    const writer = recordWriter<JsonObject>(console.terminal, { format, secret: options.showKeys === true });
    for (const item of items) await writer.write(item);
    await writer.end();
    return;
  }
  const path = resolve(console.cwd, options.file);
  const text = items.map((item) => `${JSON.stringify(item)}\n`).join('');
  // It may hold keys: for the user alone.
  await writeFile(path, text, { mode: 0o600 }).catch((error: unknown) => {
    throw wrongCall(`the file "${path}" cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  });
  console.terminal.notice(
    `Exported ${items.length} devices to ${path}${options.showKeys === true ? ', with keys' : ''}.`,
  );
  console.suggest(['hub-admin', 'device', 'import', options.file]);
}

async function readItems(console: Console, options: ExportOptions): Promise<JsonObject[]> {
  const twins = new Map<string, JsonObject>();
  for await (const row of queryRows(console, completeQuery(options.where))) {
    if (isObject(row) && typeof row['deviceId'] === 'string') twins.set(row['deviceId'], row);
  }
  const items: JsonObject[] = [];
  for await (const identity of findIdentities(console, options.where)) {
    items.push(toItem(identity, twins.get(identity.deviceId) ?? {}, options.showKeys));
  }
  return items;
}

/** One line of the file, with the names of IoT Hub's own import and export. */
function toItem(identity: DeviceIdentity, twin: JsonObject, showKeys: boolean | undefined): JsonObject {
  const { type } = identity.authentication;
  const authentication = type === 'sas' && showKeys !== true ? { type } : showIdentity(identity, true).authentication;
  return {
    id: identity.deviceId,
    status: identity.status,
    ...(typeof identity['statusReason'] === 'string' ? { statusReason: identity['statusReason'] } : {}),
    authentication,
    ...(isObject(identity['capabilities']) ? { capabilities: identity['capabilities'] } : {}),
    tags: objectMember(twin, 'tags'),
    properties: { desired: valuesOf(objectMember(objectMember(twin, 'properties'), 'desired')) },
  };
}
