import { wrongCall, type ProgramError } from '../terminal/index.ts';

/** The fields of a connection string by their names as Azure spells them, whatever case they came in. */
export type ConnectionFields = ReadonlyMap<FieldName, string>;

const FIELD_NAMES = [
  'HostName',
  'SharedAccessKeyName',
  'SharedAccessKey',
  'SharedAccessSignature',
  'DeviceId',
  'ModuleId',
  'GatewayHostName',
  'x509',
  'Endpoint',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

const SERVICE_FORM = 'HostName=…;SharedAccessKeyName=…;SharedAccessKey=…';
const DEVICE_FORM = 'HostName=…;DeviceId=…;SharedAccessKey=…';
const FORMS = { service: SERVICE_FORM, device: DEVICE_FORM } as const;
export type ConnectionStringKind = keyof typeof FORMS;

/** A name that DNS or an address could be, with a port perhaps; the hub decides whether it exists. */
const HOST = /^(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:\d{1,5})?$/i;

/**
 * Splits a connection string at `;` and each field at its first `=`, because keys end in `=`.
 * Fields nobody here knows are left out.
 *
 * @param name what to call the text in messages: `IOTHUB_CONNECTION_STRING`
 * @throws ProgramError `wrongCall` that never quotes a value, because it may be a key
 */
export function parseFields(text: string, kind: ConnectionStringKind, name: string): ConnectionFields {
  const fields = new Map<FieldName, string>();
  for (const part of text.trim().split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals <= 0) {
      throw malformed(kind, name, `its part ${fields.size + 1} is not of the form Name=value`);
    }
    const field = FIELD_NAMES.find((known) => known.toLowerCase() === part.slice(0, equals).trim().toLowerCase());
    if (field === undefined) continue;
    if (fields.has(field)) throw malformed(kind, name, `it names ${field} twice`);
    fields.set(field, part.slice(equals + 1).trim());
  }
  if (fields.has('Endpoint') && !fields.has('HostName')) {
    throw malformed(kind, name, 'it is an Event Hubs connection string (Endpoint=sb://…)');
  }
  return fields;
}

/** A field that must be there and not be empty. */
export function requireField(
  fields: ConnectionFields,
  field: FieldName,
  context: { kind: ConnectionStringKind; name: string },
): string {
  const value = fields.get(field);
  if (value === undefined) throw malformed(context.kind, context.name, `it has no ${field}`);
  if (value === '') throw malformed(context.kind, context.name, `its ${field} is empty`);
  return value;
}

/** Checks a host name; a `HostName` has no port, a `GatewayHostName` may have one. */
export function checkHost(
  value: string,
  field: 'HostName' | 'GatewayHostName',
  context: { kind: ConnectionStringKind; name: string },
): string {
  const match = HOST.exec(value);
  const port = match?.[3];
  if (match === null || (port !== undefined && Number(port.slice(1)) > 65_535)) {
    throw malformed(context.kind, context.name, `its ${field} is not a host name: "${value}"`);
  }
  if (field === 'HostName' && port !== undefined) {
    throw malformed(context.kind, context.name, `its HostName must not have a port: "${value}"`);
  }
  return value;
}

/** Checks that a key is base64, without ever quoting it. */
export function checkKey(value: string, context: { kind: ConnectionStringKind; name: string }): string {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0) return value;
  throw malformed(context.kind, context.name, 'its SharedAccessKey is not base64 (was it cut off?)');
}

/** The refusal of a connection string: what is wrong with it, and how it should look. */
export function malformed(kind: ConnectionStringKind, name: string, what: string): ProgramError {
  return wrongCall(`${name} is not a ${kind} connection string: ${what}`, `it looks like this: ${FORMS[kind]}`);
}
