import { authenticationDocument, type DeviceIdentity } from '../model/device-identity.ts';
import { decimalEtag, twinEtag } from '../model/etag.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { targetKey } from '../model/identifiers.ts';
import type { TransferRequest } from '../model/job-transfer.ts';
import type { ModuleIdentity } from '../model/module-identity.ts';
import { sectionDocument } from '../model/twin-document.ts';
import { BlobContainer } from './blob-container.ts';
import type { BulkRegistry } from './bulk-registry.ts';
import type { HubContext } from './hub-context.ts';
import type { Transfer } from './transfer-jobs.ts';

/** Configurations as lines of a blob. */
export interface ConfigurationTransfer {
  export(): JsonObject[];
  /** @returns what was wrong with the line; undefined when it was taken */
  import(line: JsonObject): Promise<JsonObject | undefined>;
}

const ERRORS_BLOB = 'importErrors.log';
const CRLF = '\r\n';
/** Lines that are worked on at once: they share commits. */
const LINES_AT_ONCE = 100;

/** Imports and exports: a JSON object a line, modules behind their device. @see service-protocol.md, 4.7 */
export function identityTransfer(
  context: HubContext,
  bulk: BulkRegistry,
  configurations: ConfigurationTransfer,
): Transfer {
  return async (request, edges) => {
    if (request.type === 'export') await exportIdentities(context, configurations, request, edges.signal);
    else await importIdentities(bulk, configurations, request, edges);
  };
}

async function exportIdentities(
  context: HubContext,
  configurations: ConfigurationTransfer,
  request: TransferRequest,
  signal: AbortSignal,
): Promise<void> {
  const container = new BlobContainer(request.outputBlobContainerUri);
  await context.store.settled();
  await container.write(request.outputBlobName, formatLines(identityLines(context, request)), signal);
  if (request.includeConfigurations) {
    await container.write(request.configurationsBlobName, formatLines(configurations.export()), signal);
  }
}

async function importIdentities(
  bulk: BulkRegistry,
  configurations: ConfigurationTransfer,
  request: TransferRequest,
  { signal, progress }: Parameters<Transfer>[1],
): Promise<void> {
  const input = new BlobContainer(request.inputBlobContainerUri);
  const lines = parseLines(await input.read(request.inputBlobName, signal));
  const errors: JsonObject[] = [];
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
    signal.throwIfAborted();
    const results = lines
      .slice(at, at + LINES_AT_ONCE)
      .map((line) => importLine(line, (item) => bulk.runItem(item, 'createOrUpdate')));
    errors.push(...(await Promise.all(results)).filter((error) => error !== undefined));
    await progress(Math.floor((100 * at) / lines.length));
  }
  if (request.includeConfigurations) {
    for (const line of parseLines(await input.read(request.configurationsBlobName, signal))) {
      const error = await importLine(line, (item) => configurations.import(item));
      if (error !== undefined) errors.push(error);
    }
  }
  if (errors.length > 0) {
    await new BlobContainer(request.outputBlobContainerUri).write(ERRORS_BLOB, formatLines(errors), signal);
  }
}

async function importLine(
  line: string,
  take: (item: JsonObject) => Promise<JsonObject | undefined>,
): Promise<JsonObject | undefined> {
  let item: unknown;
  try {
    item = JSON.parse(line);
  } catch {
    item = undefined; // told below, like anything else that is no object
  }
  if (!isJsonObject(item))
    return { errorCode: 'DeserializationError', errorStatus: 'the line is no JSON object', line };
  return take(item);
}

function* identityLines(context: HubContext, request: TransferRequest): Iterable<JsonObject> {
  for (const identity of [...context.devices.values(), ...context.modules.values()]) {
    yield identityLine(context, identity, request.excludeKeysInExport);
  }
}

function identityLine(
  { twins }: HubContext,
  identity: DeviceIdentity | ModuleIdentity,
  excludeKeys: boolean,
): JsonObject {
  const twin = twins.get(targetKey(identity));
  const authentication = authenticationDocument(identity.authentication);
  return {
    id: identity.deviceId,
    ...('moduleId' in identity ? { moduleId: identity.moduleId, managedBy: identity.managedBy } : {}),
    eTag: decimalEtag(identity.etagCounter),
    ...('status' in identity ? { status: identity.status, statusReason: identity.statusReason } : {}),
    authentication: excludeKeys ? { ...authentication, symmetricKey: null } : authentication,
    ...('iotEdge' in identity ? { capabilities: { iotEdge: identity.iotEdge } } : {}),
    ...('deviceScope' in identity ? { deviceScope: identity.deviceScope } : {}),
    ...(twin === undefined
      ? {}
      : {
          twinETag: twinEtag(twin.etagCounter),
          tags: twin.tags,
          properties: { desired: sectionDocument(twin.desired), reported: sectionDocument(twin.reported) },
        }),
  };
}

function formatLines(items: Iterable<JsonObject>): string {
  return Array.from(items, (item) => `${JSON.stringify(item)}${CRLF}`).join('');
}

function parseLines(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
}
