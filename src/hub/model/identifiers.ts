import { HubError } from './hub-error.ts';

/** A device, or a module of a device. */
export interface Target {
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
}

const MAX_ID_CHARS = 128;
const ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']+$/;

/** One string for a target, unique since ids hold no slash. */
export function targetKey(target: Target): string {
  return target.moduleId === undefined ? target.deviceId : `${target.deviceId}/${target.moduleId}`;
}

/** The target that {@link targetKey} made the key of. */
export function keyTarget(key: string): Target {
  const slash = key.indexOf('/');
  return slash < 0 ? { deviceId: key } : { deviceId: key.slice(0, slash), moduleId: key.slice(slash + 1) };
}

/** Words for messages: `device 'a'`, `module 'm' of device 'a'`. */
export function describeTarget(target: Target): string {
  return target.moduleId === undefined
    ? `device '${target.deviceId}'`
    : `module '${target.moduleId}' of device '${target.deviceId}'`;
}

/**
 * Checks a device or module id.
 *
 * @throws HubError ArgumentInvalid: at most 128 characters of ASCII letters, digits and some punctuation
 * @see service-protocol.md, 4.1
 */
export function checkId(kind: 'deviceId' | 'moduleId', id: unknown): string {
  if (typeof id !== 'string') throw new HubError('ArgumentInvalid', `${kind} must be a string`);
  if (id.length > MAX_ID_CHARS)
    throw new HubError('ArgumentInvalid', `${kind} is longer than ${MAX_ID_CHARS} characters`);
  if (!ID.test(id)) {
    throw new HubError(
      'ArgumentInvalid',
      `${kind} '${id}' must be made of ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '`,
    );
  }
  return id;
}
