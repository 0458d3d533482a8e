import { parseJson } from '../../sdk/device-json.ts';
import type { JsonValue } from '../../sdk/device-link.ts';
import { wrongCall } from '../../terminal/index.ts';
import type { Behaviour, MethodAnswerer } from '../behaviour.ts';
import { sleep } from '../clock.ts';

/** A direct method with a fixed answer. */
export interface FixedMethod {
  readonly name: string;
  /** null: never answers. */
  readonly status: number | null;
  readonly payload: JsonValue;
  readonly delayMs?: number | undefined;
}

/** The device's own methods. */
export function createMethods(methods: readonly FixedMethod[]): Behaviour {
  return { methods: Object.fromEntries(methods.map((method) => [method.name, answererOf(method)])) };
}

function answererOf({ status, payload, delayMs = 0 }: FixedMethod): MethodAnswerer {
  if (status === null) return () => undefined;
  if (delayMs === 0) return () => ({ status, payload });
  return async (_, device) => {
    const elapsed = await sleep(device.clock, delayMs, device.connection);
    return elapsed ? { status, payload } : undefined;
  };
}

/**
 * Reads `name[:status|:none][=json]`: `getLog`, `getLog=[1,2]`, `explode:500={"why":"no reason"}`, `silent:none`.
 *
 * @throws ProgramError `wrongCall`
 */
export function parseMethodOption(text: string): FixedMethod {
  const match = /^([^:=\s]+)(?::([^=]*))?(?:=(.*))?$/s.exec(text);
  const [, name, status, json] = match ?? [];
  if (name === undefined || !NAME.test(name)) {
    throw wrongCall(`--method must be name[:status|:none][=json], got ${JSON.stringify(text)}`, EXAMPLE);
  }
  return { name, status: readStatus(status, text), payload: readAnswer(json, name) };
}

const EXAMPLE = `for example --method 'getLog:200={"lines":[]}' or --method silent:none`;
/** device-protocol.md, 7: the name stands raw in a topic; what would break one is refused here. */
const NAME = /^[^/+#?\s]{1,100}$/;

function readStatus(status: string | undefined, text: string): number | null {
  if (status === undefined) return 200;
  if (status === 'none') return null;
  const value = Number(status);
  if (/^\d+$/.test(status) && value >= 1 && value <= 999_999) return value;
  throw wrongCall(
    `the status of --method must be a whole number from 1 to 999999 or "none", got ${JSON.stringify(text)}`,
    EXAMPLE,
  );
}

function readAnswer(json: string | undefined, name: string): JsonValue {
  if (json === undefined) return null;
  try {
    return parseJson(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`the answer of --method ${name} is not JSON: ${reason}`, EXAMPLE);
  }
}
