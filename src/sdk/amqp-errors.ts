import type { ServiceHub } from '../config/index.ts';
import { type ExitName, ProgramError } from '../terminal/index.ts';
import { connectError } from './device-connect-error.ts';
import { probeTls } from './probe.ts';
import { findCodeByName, findCodeName } from './service-codes.ts';
import { isObject } from './service-documents.ts';

/** Where an AMQP client of ours dials. */
export interface AmqpEndpoint {
  readonly host: string;
  readonly port: number;
}

/** What a condition means where the hub sent no code of its own. @see service-protocol.md, 3.4 */
const CONDITIONS: Readonly<Record<string, { readonly exit: ExitName; readonly code: string }>> = {
  'amqp:not-found': { exit: 'notFound', code: 'DeviceNotFound' },
  'amqp:unauthorized-access': { exit: 'refused', code: 'IotHubUnauthorizedAccess' },
  'amqp:resource-limit-exceeded': { exit: 'failed', code: 'DeviceMaximumQueueDepthExceeded' },
  'amqp:link:message-size-exceeded': { exit: 'failed', code: 'MessageTooLarge' },
  'amqp:not-allowed': { exit: 'wrongCall', code: 'InvalidOperation' },
  'com.microsoft:argument-error': { exit: 'wrongCall', code: 'ArgumentInvalid' },
  'com.microsoft:argument-out-of-range': { exit: 'wrongCall', code: 'ArgumentInvalid' },
  'com.microsoft:device-container-throttled': { exit: 'failed', code: 'ThrottlingException' },
};

/**
 * A refusal that came over AMQP as ours; undefined when it is none, so that the connection itself must have failed.
 *
 * @param error of the SDK, which hangs the condition on `amqpError`, or of rhea, which has it itself
 * @param doing completes "cannot …"
 */
export function fromAmqpRefusal(
  error: unknown,
  { hub, doing }: { hub: ServiceHub; doing: string },
): ProgramError | undefined {
  const inner: unknown = isObject(error) ? (error['amqpError'] ?? error) : undefined;
  const condition = isObject(inner) ? inner['condition'] : undefined;
  const isRefused = [error, inner].some((each) => each instanceof Error && each.name === 'UnauthorizedError');
  const known = isRefused ? CONDITIONS['amqp:unauthorized-access'] : CONDITIONS[String(condition)];
  if (known === undefined) return undefined;
  const told = readDescription(isObject(inner) ? inner['description'] : undefined);
  const code = told.code ?? known.code;
  const meaning = findCodeByName(code);
  const number = meaning === undefined ? '' : ` ${meaning.number}`;
  const words =
    known.exit === 'refused'
      ? `the hub refused policy "${hub.connection.sharedAccessKeyName}"`
      : (told.message ?? String(condition));
  return new ProgramError(
    known.exit === 'refused' ? 'refused' : (meaning?.exit ?? known.exit),
    code,
    `cannot ${doing}: ${words} (${code}${number})`,
    {
      hint:
        known.exit === 'refused' ? `check the key and the permissions of the policy in ${hub.source}` : meaning?.remedy,
      trackingId: told.trackingId,
      cause: error,
    },
  );
}

/**
 * What kept a connection from coming about, found out by dialling the port ourselves: the SDK keeps only text (sdk-traps.md, 6).
 * Exit `noHub`; the message has host and port, the hint the other way in where that is open.
 */
export async function explainUnreachable(
  error: unknown,
  hub: ServiceHub,
  { host, port, timeoutMs, signal }: AmqpEndpoint & { timeoutMs: number; signal: AbortSignal },
): Promise<ProgramError> {
  const { hostName, ca, httpsPort, amqpPort } = hub.address;
  const probe = (at: number): Promise<Error | undefined> =>
    probeTls({ host, port: at, hostName, ca, timeoutMs, signal }).then(
      ({ distrust }) => (distrust === undefined ? undefined : coded(distrust)),
      (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
    );
  const other = port === httpsPort ? { port: amqpPort, protocol: 'amqp' } : { port: httpsPort, protocol: 'amqp-ws' };
  const [evidence, otherEvidence] = await Promise.all([probe(port), probe(other.port)]);
  const found = connectError(
    error,
    { refusal: undefined, error: evidence },
    { host: hostName, port, hostName, deviceId: '' },
  );
  const remedy =
    evidence !== undefined && otherEvidence === undefined
      ? `port ${other.port} is open: try --protocol ${other.protocol}`
      : (found.hint ?? 'check the network');
  return new ProgramError(found.exit, found.code, found.message, {
    hint: `${remedy}; to look closer: hub-admin doctor`,
    cause: error,
  });
}

/** The local hub puts the JSON body of the other protocols there, IoT Hub a text with the tracking id in it. */
function readDescription(text: unknown): { code?: string; message?: string; trackingId?: string } {
  if (typeof text !== 'string') return {};
  try {
    const body: unknown = JSON.parse(text);
    if (!isObject(body)) return { message: text };
    const code = findCodeName(Number(body['errorCode']));
    const { message, trackingId } = body;
    return {
      ...(code === undefined ? {} : { code }),
      ...(typeof message === 'string' ? { message } : {}),
      ...(typeof trackingId === 'string' ? { trackingId: trackingId.replace(/-TimeStamp:.*$/, '') } : {}),
    };
  } catch {
    return { message: text };
  }
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
