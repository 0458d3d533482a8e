import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { checkId } from './identifiers.ts';
import { parseAuthentication, type Authentication } from './authentication.ts';
import { authenticationDocument } from './device-identity.ts';
import { decimalEtag } from './etag.ts';
import type { Presence } from './presence.ts';
import type { RandomBytes } from './shared-access-key.ts';

/** A module of a device in the identity registry. It has no status of its own. */
export interface ModuleIdentity {
  readonly deviceId: string;
  readonly moduleId: string;
  readonly managedBy: string | null;
  readonly generationId: string;
  readonly etagCounter: number;
  readonly authentication: Authentication;
}

export interface ModuleIdentityInput {
  readonly managedBy: string | null;
  readonly authentication: Authentication;
}

/**
 * Reads the body of a module PUT.
 *
 * @throws HubError ArgumentInvalid
 * @see service-protocol.md, 4.5
 */
export function parseModuleIdentity(moduleId: string, body: unknown, randomBytes: RandomBytes): ModuleIdentityInput {
  checkId('moduleId', moduleId);
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'a module must be a JSON object');
  return {
    managedBy: parseManagedBy(ownMember(body, 'managedBy')),
    authentication: parseAuthentication(ownMember(body, 'authentication'), randomBytes),
  };
}

/** The module as the registry shows it, members in the service's order. */
export function moduleDocument(module: ModuleIdentity, presence: Presence): JsonObject {
  return {
    moduleId: module.moduleId,
    managedBy: module.managedBy,
    deviceId: module.deviceId,
    generationId: module.generationId,
    etag: decimalEtag(module.etagCounter),
    connectionState: presence.connectionState,
    connectionStateUpdatedTime: presence.connectionStateUpdatedTime,
    lastActivityTime: presence.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authentication: authenticationDocument(module.authentication),
  };
}

function parseManagedBy(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', 'managedBy must be a string');
  return value;
}
