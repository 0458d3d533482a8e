import azureIotHub, { type Registry } from 'azure-iothub';
import type { TestHub } from '../../support/hub.ts';

/** A registry client with the key of another policy than the owner's. */
export function newRegistry(hub: TestHub, policyName: string): Registry {
  const connectionString = `HostName=localhost;SharedAccessKeyName=${policyName};SharedAccessKey=${hub.policyKey(policyName)}`;
  return hub.redirect(azureIotHub.Registry.fromConnectionString(connectionString));
}
