import type { SaslMechanism } from './rhea.ts';

/** Who a peer says it is, before the first AMQP frame. */
export type SaslCredential =
  | { readonly kind: 'anonymous' }
  /** `{deviceId}@sas.{hub}` or `{policy}@sas.root.{hub}`, with a token. */
  | { readonly kind: 'plain'; readonly username: string; readonly password: string }
  /** By its TLS certificate. */
  | { readonly kind: 'external' };

type Mechanisms = Record<string, () => SaslMechanism>;

/** The mechanisms that IoT Hub and Event Hubs offer. @see device-protocol.md, 8.1; service-protocol.md, 11.1 */
export function saslMechanisms(onSasl: (credential: SaslCredential) => boolean): Mechanisms {
  const anonymous = (): SaslMechanism => mechanism(() => onSasl({ kind: 'anonymous' }));
  return {
    // The C SDK's name for "claims follow on $cbs".
    MSSBCBS: anonymous,
    PLAIN: () => mechanism((response) => startPlain(response, onSasl)),
    ANONYMOUS: anonymous,
    EXTERNAL: () => mechanism(() => onSasl({ kind: 'external' })),
  };
}

function mechanism(start: (response: Buffer) => boolean): SaslMechanism {
  return {
    outcome: undefined,
    username: undefined,
    start(response) {
      this.outcome = start(response ?? Buffer.alloc(0));
    },
  };
}

/** `[authorization id] NUL user NUL password`. RFC 4616 */
function startPlain(response: Buffer, onSasl: (credential: SaslCredential) => boolean): boolean {
  const [, username, password, ...rest] = response.toString('utf8').split('\0');
  if (username === undefined || password === undefined || rest.length > 0) return false;
  return onSasl({ kind: 'plain', username, password });
}
