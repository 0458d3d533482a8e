/** The documents of a hub's service side, checked once where they come in. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** A twin as the hub returns it; what is not named here is passed on as it came. */
export type TwinDocument = JsonObject & {
  readonly deviceId: string;
  readonly etag: string;
  readonly tags: JsonObject;
  readonly properties: { readonly desired: JsonObject; readonly reported: JsonObject };
};

/** What the identities of devices and modules have in common. */
export type Identity = JsonObject & {
  readonly deviceId: string;
  readonly etag: string;
  readonly authentication: JsonObject;
};

/** A device identity as the hub returns it. */
export type DeviceIdentity = Identity & { readonly status: string };

/** A module identity as the hub returns it; it has no status of its own. */
export type ModuleIdentity = Identity & { readonly moduleId: string };

export interface MethodAnswer {
  readonly status: number;
  readonly payload: unknown;
}

/** What the hub says about one device of a bulk request. */
export interface BulkError {
  readonly deviceId: string;
  readonly errorCode: string;
  readonly errorStatus: string;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of an object, `{}` when it is no object. */
export function objectMember(value: JsonObject, name: string): JsonObject {
  const member = Object.hasOwn(value, name) ? value[name] : undefined;
  return isObject(member) ? member : {};
}

/** A copy of what an SDK object looks like as JSON: without its functions and hidden members. */
export function plain(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined; // undefined for functions and undefined, whatever its type says
  return text === undefined ? undefined : JSON.parse(text);
}

/** The time of a local hub. */
export interface HubTime {
  /** ISO 8601, UTC. */
  readonly now: string;
  /** How far it was moved ahead of real time. */
  readonly aheadMs: number;
}

/** @throws Error when the hub answered something that is no twin: a bug on one of the two sides */
export function readTwin(value: unknown): TwinDocument {
  const document = plain(value);
  if (!isObject(document)) throw new Error('the hub answered with something that is no twin');
  const properties = objectMember(document, 'properties');
  return {
    ...document,
    deviceId: textMember(document, 'deviceId'),
    etag: textMember(document, 'etag'),
    tags: objectMember(document, 'tags'),
    properties: { desired: objectMember(properties, 'desired'), reported: objectMember(properties, 'reported') },
  };
}

/** @throws Error when the hub answered something that is no identity */
export function readIdentity(value: unknown): DeviceIdentity {
  const identity = readCommonIdentity(value);
  return { ...identity, status: textMember(identity, 'status') };
}

/** @throws Error when the hub answered something that is no identity of a module */
export function readModuleIdentity(value: unknown): ModuleIdentity {
  const identity = readCommonIdentity(value);
  return { ...identity, moduleId: textMember(identity, 'moduleId') };
}

function readCommonIdentity(value: unknown): Identity {
  const document = plain(value);
  if (!isObject(document)) throw new Error('the hub answered with something that is no identity');
  return {
    ...document,
    deviceId: textMember(document, 'deviceId'),
    etag: textMember(document, 'etag'),
    authentication: objectMember(document, 'authentication'),
  };
}

export function readMethodAnswer(value: unknown): MethodAnswer {
  const document = isObject(value) ? value : {};
  return { status: Number(document['status']), payload: document['payload'] };
}

/** @throws Error when the hub answered something else than its time */
export function readHubTime(value: unknown): HubTime {
  const document = isObject(value) ? value : {};
  const { now, aheadMs } = document;
  if (typeof now !== 'string' || typeof aheadMs !== 'number') throw new Error('the hub did not tell its time');
  return { now, aheadMs };
}

export function readBulkErrors(value: unknown): BulkError[] {
  const errors = isObject(value) ? value['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.filter(isObject).map((error) => ({
    deviceId: textMember(error, 'deviceId'),
    errorCode: textMember(error, 'errorCode'),
    errorStatus: textMember(error, 'errorStatus'),
  }));
}

function textMember(document: JsonObject, name: string): string {
  const value = document[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
