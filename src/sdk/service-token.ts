import { createHmac } from 'node:crypto';
import type { ServiceConnectionString } from '../config/index.ts';

/**
 * A SAS token of a service policy, for what the SDK has no call for. It speaks for `resource` and all below it.
 *
 * @param resource host and path, not encoded: `myhub.azure-devices.net`
 * @see service-protocol.md, 2.1
 */
export function serviceToken(
  connection: ServiceConnectionString,
  { resource, lifetimeMs }: { resource: string; lifetimeMs: number },
): string {
  const sr = encodeURIComponent(resource);
  const se = Math.floor((Date.now() + lifetimeMs) / 1000);
  const key = Buffer.from(connection.sharedAccessKey, 'base64');
  const sig = createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64');
  const skn = encodeURIComponent(connection.sharedAccessKeyName);
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${skn}`;
}
