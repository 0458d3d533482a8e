import { wrongCall } from '../terminal/index.ts';
import {
  checkHost,
  checkKey,
  type ConnectionFields,
  malformed,
  parseFields,
  requireField,
} from './connection-fields.ts';
import { addSecret } from './redact.ts';

export type DeviceAuthentication =
  | { readonly kind: 'sharedAccessKey'; readonly sharedAccessKey: string }
  | { readonly kind: 'sharedAccessSignature'; readonly sharedAccessSignature: string }
  /** The certificate and its key come as files beside the string. */
  | { readonly kind: 'x509' };

/** What one device or module signs in with. */
export interface DeviceConnectionString {
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** `host` or `host:port` to connect to instead of the hub's own name. */
  readonly gatewayHostName?: string;
  readonly authentication: DeviceAuthentication;
}

/**
 * @param name what to call the text in messages
 * @throws ProgramError `wrongCall` that names the missing or malformed field
 */
export function parseDeviceConnectionString(text: string, name = 'the text'): DeviceConnectionString {
  const context = { kind: 'device', name } as const;
  const fields = parseFields(text, 'device', name);
  if (fields.has('SharedAccessKeyName') && !fields.has('DeviceId')) {
    throw wrongCall(
      `${name} is a service connection string (it has a SharedAccessKeyName), but a device connection string is needed`,
      'print one with: hub-admin device connection-string <deviceId>',
    );
  }
  const hostName = checkHost(requireField(fields, 'HostName', context), 'HostName', context);
  const deviceId = requireField(fields, 'DeviceId', context);
  const moduleId = fields.get('ModuleId');
  const gateway = fields.get('GatewayHostName');
  return {
    hostName,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(gateway === undefined ? {} : { gatewayHostName: checkHost(gateway, 'GatewayHostName', context) }),
    authentication: readAuthentication(fields, name),
  };
}

/** The text that `parseDeviceConnectionString` reads back. It holds the key or the token. */
export function formatDeviceConnectionString(value: DeviceConnectionString): string {
  const fields = [`HostName=${value.hostName}`, `DeviceId=${value.deviceId}`];
  if (value.moduleId !== undefined) fields.push(`ModuleId=${value.moduleId}`);
  fields.push(formatAuthentication(value.authentication));
  if (value.gatewayHostName !== undefined) fields.push(`GatewayHostName=${value.gatewayHostName}`);
  return fields.join(';');
}

function readAuthentication(fields: ConnectionFields, name: string): DeviceAuthentication {
  const x509 = fields.get('x509');
  if (x509 !== undefined) {
    if (x509.toLowerCase() === 'true') return { kind: 'x509' };
    if (x509.toLowerCase() !== 'false')
      throw malformed('device', name, `its x509 must be true or false, got "${x509}"`);
  }
  const signature = fields.get('SharedAccessSignature');
  if (signature !== undefined) {
    addSecret(signature);
    if (/^SharedAccessSignature\s+sr=/.test(signature)) {
      return { kind: 'sharedAccessSignature', sharedAccessSignature: signature };
    }
    throw malformed('device', name, 'its SharedAccessSignature does not start with "SharedAccessSignature sr="');
  }
  const context = { kind: 'device', name } as const;
  const key = checkKey(requireField(fields, 'SharedAccessKey', context), context);
  addSecret(key);
  return { kind: 'sharedAccessKey', sharedAccessKey: key };
}

function formatAuthentication(authentication: DeviceAuthentication): string {
  switch (authentication.kind) {
    case 'sharedAccessKey':
      return `SharedAccessKey=${authentication.sharedAccessKey}`;
    case 'sharedAccessSignature':
      return `SharedAccessSignature=${authentication.sharedAccessSignature}`;
    case 'x509':
      return 'x509=true';
  }
}
