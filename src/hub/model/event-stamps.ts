import type { Target } from './identifiers.ts';

/** What the hub knows about a sender and says in each of its messages. */
export interface SenderFacts {
  readonly target: Target;
  readonly generationId: string;
  readonly scope: 'device' | 'module' | 'hub';
  readonly type: 'sas' | 'x509';
  /** '' = none. */
  readonly modelId: string;
}

/**
 * As recorded of the service: `x509Certificate` and `external` in 2021, of a device whose certificate an authority had signed;
 * the documentation says `x509`. Decided: one that is known by its thumbprint is told the same.
 */
const AUTH_METHODS = {
  sas: { type: 'sas', issuer: 'iothub' },
  x509: { type: 'x509Certificate', issuer: 'external' },
} as const;

/** The annotations of a telemetry message that only the hub sets. @see device-protocol.md, 4.2; service-protocol.md, 12.4 */
export function stampsOf({ target, generationId, scope, type, modelId }: SenderFacts): Record<string, string> {
  return {
    'iothub-connection-device-id': target.deviceId,
    ...(target.moduleId === undefined ? {} : { 'iothub-connection-module-id': target.moduleId }),
    'iothub-connection-auth-method': JSON.stringify({ scope, ...AUTH_METHODS[type], acceptingIpFilterRule: null }),
    'iothub-connection-auth-generation-id': generationId,
    ...(modelId === '' ? {} : { 'dt-dataschema': modelId }),
    'iothub-message-source': 'Telemetry',
  };
}

/** The partition of a device, the same for all its modules and for ever: a hash of its id (FNV-1a). */
export function partitionOf(deviceId: string, partitionCount: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < deviceId.length; index += 1) {
    hash = Math.imul(hash ^ deviceId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % partitionCount;
}
