/** The Device Provisioning Service behind one face: which hub a device belongs to, and what it signs in with there. */
import { createHmac } from 'node:crypto';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import provisioningSdk from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import symmetricKeySdk from 'azure-iot-security-symmetric-key';
import { addSecret, type DeviceConnectionString } from '../config/index.ts';
import { ProgramError } from '../terminal/program-error.ts';
import { proxyAgent } from './https-proxy.ts';
import { provisioningError, retryAfterMs } from './provisioning-errors.ts';

const { ProvisioningDeviceClient } = provisioningSdk;
const { Http } = provisioningHttp;
const { SymmetricKeySecurityClient } = symmetricKeySdk;

export interface EnrollmentGroup {
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  /** Base64; each device's own key is derived from it and leaves this module only inside its connection. */
  readonly groupKey: string;
  /** PEM, where the service is not publicly trusted. */
  readonly ca?: string | undefined;
}

export interface Provisioner {
  /**
   * Registers one device and waits until it has a hub. Safe to repeat: the service answers with the hub that the device has.
   *
   * @throws ProgramError `refused` (scope, key, disabled enrollment), `noHub` (the service cannot be reached), `timedOut`, `failed`
   */
  register(registrationId: string): Promise<DeviceConnectionString>;
  close(): void;
}

/** For one device, waiting for its hub and retries included; the service tells how long to wait when it is busy. */
const PATIENCE_MS = 120_000;

export async function openProvisioner(
  group: EnrollmentGroup,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Provisioner> {
  addSecret(group.groupKey);
  const agent = await agentFor(group, env);
  return {
    register: async (registrationId) => {
      const sharedAccessKey = deviceKey(group.groupKey, registrationId);
      addSecret(sharedAccessKey);
      const hostName = await assignedHub(registrationId, sharedAccessKey, { ...group, agent, signal });
      return { hostName, deviceId: registrationId, authentication: { kind: 'sharedAccessKey', sharedAccessKey } };
    },
    close: () => agent.destroy(),
  };
}

/** https://learn.microsoft.com/azure/iot-dps/concepts-symmetric-key-attestation, "Group enrollments" */
function deviceKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}

type Registration = EnrollmentGroup & { readonly agent: Agent; readonly signal: AbortSignal };

async function assignedHub(registrationId: string, key: string, group: Registration): Promise<string> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    group.signal.throwIfAborted();
    try {
      return await registerOnce(registrationId, key, group, giveUpAt - performance.now());
    } catch (error) {
      const waitMs = retryAfterMs(error);
      if (waitMs === undefined || performance.now() + waitMs > giveUpAt)
        throw provisioningError(error, { ...group, registrationId });
      await later(waitMs * (1 + Math.random() / 4), undefined, { signal: group.signal });
    }
  }
}

async function registerOnce(registrationId: string, key: string, group: Registration, ms: number): Promise<string> {
  const transport = new Http();
  const base: unknown = Reflect.get(transport, '_httpBase');
  if (!takesOptions(base)) throw new Error('azure-iot-provisioning-device-http has changed: no _httpBase');
  base.setOptions({ http: { agent: group.agent } });
  const security: unknown = new SymmetricKeySecurityClient(registrationId, key);
  if (!isSecurityClient(security)) throw new Error('azure-iot-security-symmetric-key has changed');
  const client = ProvisioningDeviceClient.create(group.host, group.idScope, transport, security);
  const patience = new AbortController();
  const late = later(ms, undefined, { signal: patience.signal }).then(() => {
    throw new ProgramError('timedOut', 'NoAnswer', `no hub was assigned to "${registrationId}" in time`);
  });
  late.catch(() => undefined); // it ends with the wait for it
  try {
    const registered = await Promise.race([client.register(), late]);
    if (registered?.assignedHub) return registered.assignedHub;
    throw new ProgramError('failed', 'NoHubAssigned', `the provisioning service names no hub for "${registrationId}"`);
  } finally {
    patience.abort();
  }
}

/** The SDK knows no ports: the agent does (sdk-traps.md, 9). */
async function agentFor({ host, port, ca }: EnrollmentGroup, env: NodeJS.ProcessEnv): Promise<Agent> {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const direct = { keepAlive: true, maxSockets: 16, host, port, ...name, ...(ca !== undefined && { ca }) };
  return (await proxyAgent(host, env)) ?? new Agent(direct);
}

type SecurityClient = Parameters<typeof ProvisioningDeviceClient.create>[3];

/** The two packages have each a copy of azure-iot-common, whose types are not each other's. */
function isSecurityClient(value: unknown): value is SecurityClient {
  return typeof value === 'object' && value !== null && 'createSharedAccessSignature' in value;
}

function takesOptions(value: unknown): value is { setOptions(options: object): void } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'setOptions') === 'function';
}
