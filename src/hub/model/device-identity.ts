import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { checkId } from './identifiers.ts';
import { MAX_STATUS_REASON_CHARS } from './limits.ts';
import { parseAuthentication, type Authentication } from './authentication.ts';
import { decimalEtag } from './etag.ts';
import type { Presence } from './presence.ts';
import type { RandomBytes } from './shared-access-key.ts';
import { formatTimestamp, NEVER } from './timestamps.ts';

/** A device in the identity registry. */
export interface DeviceIdentity {
  readonly deviceId: string;
  /** Unique and growing: two devices that bore one id one after the other differ in it. */
  readonly generationId: string;
  readonly etagCounter: number;
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly statusUpdatedTime: string;
  readonly authentication: Authentication;
  readonly iotEdge: boolean;
  readonly deviceScope?: string;
  readonly parentScopes: readonly string[];
}

/** What a caller may choose of an identity. */
export interface DeviceIdentityInput {
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly authentication: Authentication;
  readonly iotEdge: boolean;
  readonly deviceScope: string | undefined;
  readonly parentScopes: readonly string[];
}

/**
 * Reads the body of a registry PUT; members that the hub owns are passed over.
 *
 * @param deviceId the id of the path, which the body must repeat
 * @throws HubError ArgumentInvalid
 * @see service-protocol.md, 4.1 to 4.3
 */
export function parseDeviceIdentity(deviceId: string, body: unknown, randomBytes: RandomBytes): DeviceIdentityInput {
  checkId('deviceId', deviceId);
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'a device must be a JSON object');
  const bodyId = ownMember(body, 'deviceId');
  if (bodyId !== undefined && bodyId !== deviceId) {
    throw new HubError(
      'ArgumentInvalid',
      `the body speaks of device ${JSON.stringify(bodyId)}, the path of '${deviceId}'`,
    );
  }
  return {
    status: parseStatus(ownMember(body, 'status')),
    statusReason: parseStatusReason(ownMember(body, 'statusReason')),
    authentication: parseAuthentication(ownMember(body, 'authentication'), randomBytes),
    iotEdge: parseIotEdge(ownMember(body, 'capabilities')),
    deviceScope: parseDeviceScope(ownMember(body, 'deviceScope')),
    parentScopes: parseParentScopes(ownMember(body, 'parentScopes')),
  };
}

/** What is new about a device that is created now. */
export interface CreationFacts {
  readonly generationId: string;
  readonly etagCounter: number;
}

export function createDeviceIdentity(
  deviceId: string,
  input: DeviceIdentityInput,
  facts: CreationFacts,
): DeviceIdentity {
  const { deviceScope, ...rest } = input;
  const scope = input.iotEdge ? edgeScope(deviceId, facts.generationId) : deviceScope;
  return {
    deviceId,
    ...facts,
    ...rest,
    statusUpdatedTime: NEVER,
    ...(scope === undefined ? {} : { deviceScope: scope }),
  };
}

export function updateDeviceIdentity(
  device: DeviceIdentity,
  input: DeviceIdentityInput,
  nowMs: number,
): DeviceIdentity {
  const { deviceScope, ...rest } = input;
  const scope = input.iotEdge
    ? ((device.iotEdge ? device.deviceScope : undefined) ?? edgeScope(device.deviceId, device.generationId))
    : deviceScope;
  const { deviceScope: _old, ...kept } = device;
  return {
    ...kept,
    ...rest,
    etagCounter: device.etagCounter + 1,
    statusUpdatedTime: device.status === input.status ? device.statusUpdatedTime : formatTimestamp(nowMs),
    ...(scope === undefined ? {} : { deviceScope: scope }),
  };
}

/** Made by the hub and immutable. service-protocol.md, 4.1 */
function edgeScope(deviceId: string, generationId: string): string {
  return `ms-azure-iot-edge://${deviceId}-${generationId}`;
}

/** The identity as the registry shows it, members in the service's order. */
export function deviceDocument(device: DeviceIdentity, presence: Presence, queuedMessages: number): JsonObject {
  return {
    deviceId: device.deviceId,
    generationId: device.generationId,
    etag: decimalEtag(device.etagCounter),
    connectionState: presence.connectionState,
    status: device.status,
    statusReason: device.statusReason,
    connectionStateUpdatedTime: presence.connectionStateUpdatedTime,
    statusUpdatedTime: device.statusUpdatedTime,
    lastActivityTime: presence.lastActivityTime,
    cloudToDeviceMessageCount: queuedMessages,
    authentication: authenticationDocument(device.authentication),
    capabilities: { iotEdge: device.iotEdge },
    ...(device.deviceScope === undefined ? {} : { deviceScope: device.deviceScope }),
    parentScopes: device.parentScopes,
  };
}

/** Members that do not apply are null, never absent. */
export function authenticationDocument(authentication: Authentication): JsonObject {
  return {
    symmetricKey:
      authentication.type === 'sas' ? { ...authentication.symmetricKey } : { primaryKey: null, secondaryKey: null },
    x509Thumbprint:
      authentication.type === 'selfSigned'
        ? { ...authentication.x509Thumbprint }
        : { primaryThumbprint: null, secondaryThumbprint: null },
    type: authentication.type,
  };
}

function parseStatus(value: JsonValue | undefined): 'enabled' | 'disabled' {
  if (value === undefined || value === null) return 'enabled';
  const status = typeof value === 'string' ? value.toLowerCase() : value;
  if (status !== 'enabled' && status !== 'disabled') {
    throw new HubError('ArgumentInvalid', `status must be enabled or disabled, got ${JSON.stringify(value)}`);
  }
  return status;
}

function parseStatusReason(value: JsonValue | undefined): string | null {
  const reason = parseOptionalText('statusReason', value) ?? null;
  if (reason !== null && reason.length > MAX_STATUS_REASON_CHARS) {
    throw new HubError('ArgumentInvalid', `statusReason is longer than ${MAX_STATUS_REASON_CHARS} characters`);
  }
  return reason;
}

function parseIotEdge(capabilities: JsonValue | undefined): boolean {
  return isJsonObject(capabilities) && ownMember(capabilities, 'iotEdge') === true;
}

/** An empty one is none. */
function parseDeviceScope(value: JsonValue | undefined): string | undefined {
  const scope = parseOptionalText('deviceScope', value);
  return scope === '' ? undefined : scope;
}

function parseParentScopes(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((scope) => typeof scope === 'string')) {
    throw new HubError('ArgumentInvalid', 'parentScopes must be an array of strings');
  }
  return value;
}

function parseOptionalText(name: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `${name} must be a string`);
  return value;
}
