import { wrongCall } from '../terminal/index.ts';
import { checkHost, checkKey, malformed, parseFields, requireField } from './connection-fields.ts';
import { addSecret } from './redact.ts';

/** What a program on the cloud's side of the hub signs in with. */
export interface ServiceConnectionString {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  /** `host:port` where the hub's HTTPS really listens, for a hub behind a gateway or on a port of its own. */
  readonly gatewayHostName?: string;
}

/**
 * @param name what to call the text in messages
 * @throws ProgramError `wrongCall` that names the missing or malformed field
 */
export function parseServiceConnectionString(text: string, name = 'the text'): ServiceConnectionString {
  const context = { kind: 'service', name } as const;
  const fields = parseFields(text, 'service', name);
  if (fields.has('DeviceId')) {
    throw wrongCall(
      `${name} is a device connection string (it has a DeviceId), but a service connection string is needed`,
      'take one from the hub\'s "Shared access policies": HostName=…;SharedAccessKeyName=…;SharedAccessKey=…',
    );
  }
  const hostName = checkHost(requireField(fields, 'HostName', context), 'HostName', context);
  const sharedAccessKeyName = requireField(fields, 'SharedAccessKeyName', context);
  if (fields.has('SharedAccessSignature') && !fields.has('SharedAccessKey')) {
    throw malformed('service', name, 'it has a SharedAccessSignature, the service side needs the SharedAccessKey');
  }
  const sharedAccessKey = checkKey(requireField(fields, 'SharedAccessKey', context), context);
  addSecret(sharedAccessKey);
  const gateway = fields.get('GatewayHostName');
  if (gateway === undefined) return { hostName, sharedAccessKeyName, sharedAccessKey };
  return {
    hostName,
    sharedAccessKeyName,
    sharedAccessKey,
    gatewayHostName: checkHost(gateway, 'GatewayHostName', context),
  };
}

/** The text that `parseServiceConnectionString` reads back. It holds the key. */
export function formatServiceConnectionString(value: ServiceConnectionString): string {
  const gateway = value.gatewayHostName === undefined ? '' : `;GatewayHostName=${value.gatewayHostName}`;
  return (
    `HostName=${value.hostName};SharedAccessKeyName=${value.sharedAccessKeyName}` +
    `;SharedAccessKey=${value.sharedAccessKey}${gateway}`
  );
}
