import type { MethodAnswer } from '../sdk/service-documents.ts';
import { parseJson, ProgramError, wrongCall } from '../terminal/index.ts';
import type { Console } from './console.ts';
import { oneLine } from './sections.ts';

/** The hub's own range for the time a device has to answer. */
export const MIN_METHOD_TIMEOUT_MS = 5000;
export const MAX_METHOD_TIMEOUT_MS = 300_000;

export interface MethodCall {
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
  readonly methodName: string;
  readonly payload: unknown;
  readonly timeoutMs: number;
  /** How long the hub waits for an offline device to come. */
  readonly connectTimeoutMs: number;
}

/** Invokes a direct method; the hub counts in whole seconds. */
export async function callMethod(console: Console, call: MethodCall): Promise<MethodAnswer> {
  const client = await console.client();
  return client.invokeMethod(call, {
    methodName: call.methodName,
    payload: call.payload,
    responseTimeoutInSeconds: Math.round(call.timeoutMs / 1000),
    connectTimeoutInSeconds: Math.round(call.connectTimeoutMs / 1000),
  });
}

/** A status of 400 and more is the device's own way to say no. */
export function methodFailure(
  call: { deviceId: string; methodName: string },
  answer: MethodAnswer,
): ProgramError | undefined {
  if (answer.status < 400) return undefined;
  return new ProgramError(
    'deviceFailed',
    'MethodFailed',
    `device "${call.deviceId}" answered ${call.methodName} with status ${answer.status}: ${oneLine(answer.payload ?? null)}`,
    { hint: answer.status === 404 ? 'it may not have this method; the answer may list those it has' : undefined },
  );
}

/** `<method> [payload]`, as the words behind the targets. @param payload from `--payload` */
export function readMethodWords(words: readonly string[], payload: unknown): { methodName: string; payload: unknown } {
  const [methodName, text, ...more] = words;
  if (methodName === undefined || methodName === '') {
    throw wrongCall('no method named', 'hub-admin invoke <deviceId> <method> [payload]');
  }
  if (more.length > 0) {
    throw wrongCall(
      `unexpected ${more.map((word) => `"${word}"`).join(' ')}`,
      'quote the payload so that it is one word',
    );
  }
  if (text === undefined) return { methodName, payload: payload ?? null };
  if (payload !== undefined) throw wrongCall('the payload is given twice: as a word and with --payload');
  return { methodName, payload: parseJson('the payload', text) };
}
