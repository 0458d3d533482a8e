import { Buffer } from 'node:buffer';
import { HubError } from './hub-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import {
  MAX_DESIRED_BYTES,
  MAX_INTEGER,
  MAX_PROPERTY_NAME_BYTES,
  MAX_REPORTED_BYTES,
  MAX_STRING_VALUE_BYTES,
  MAX_TAGS_BYTES,
  MAX_TWIN_DEPTH,
  MIN_INTEGER,
} from './limits.ts';

export type SectionName = 'tags' | 'desired' | 'reported';

const MAX_SECTION_BYTES: Readonly<Record<SectionName, number>> = {
  tags: MAX_TAGS_BYTES,
  desired: MAX_DESIRED_BYTES,
  reported: MAX_REPORTED_BYTES,
};

const NUMBER_BYTES = 8;
const BOOLEAN_BYTES = 4;
// C0 and C1 control characters, space and the three characters that paths and operators need.
const FORBIDDEN_IN_NAME = /[\u0000-\u0020\u007f-\u009f.$#]/u; // eslint-disable-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu; // eslint-disable-line no-control-regex -- control characters do not count

/**
 * Checks names, values and depth of a patch or a whole section; `null` members are delete marks and pass.
 *
 * @throws HubError ArgumentInvalid that names the path and the rule
 * @see device-protocol.md, 6.3
 */
export function checkTwinValues(section: SectionName, values: JsonObject): void {
  checkObject(values, section, 0, false);
}

/**
 * Checks the size of a section after an update. An update that does not make it grow is let through.
 *
 * @throws HubError ArgumentInvalid over 8 KB of tags, 32 KB of desired or reported properties
 */
export function checkPropertySizes(section: SectionName, before: JsonObject, after: JsonObject): void {
  if (before === after) return;
  const size = propertiesSize(after);
  const limit = MAX_SECTION_BYTES[section];
  if (size > limit && size > propertiesSize(before)) {
    throw new HubError('ArgumentInvalid', `${section} would be ${size} bytes large, the limit is ${limit}`);
  }
}

/** IoT Hub's own measure: names and strings without control characters, 8 for a number, 4 for a boolean. */
function propertiesSize(values: JsonObject): number {
  let size = 0;
  for (const key of Object.keys(values)) size += Buffer.byteLength(key) + valueSize(values[key] ?? null);
  return size;
}

function valueSize(value: JsonValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value.replace(CONTROL, ''));
  if (typeof value === 'number') return NUMBER_BYTES;
  if (typeof value === 'boolean') return BOOLEAN_BYTES;
  if (isJsonObject(value)) return propertiesSize(value);
  return value === null ? 0 : value.reduce<number>((sum, item) => sum + valueSize(item), 0);
}

function checkObject(object: JsonObject, path: string, depth: number, inArray: boolean): void {
  checkDepth(path, depth);
  for (const [name, value] of Object.entries(object)) {
    checkName(path, name);
    if (value === null && inArray)
      throw invalid(`${path}.${name}`, 'an object inside an array may not have null members');
    checkValue(value, `${path}.${name}`, depth, inArray);
  }
}

function checkValue(value: JsonValue, path: string, depth: number, inArray: boolean): void {
  if (typeof value === 'string') checkString(path, value);
  else if (typeof value === 'number') checkNumber(path, value);
  else if (isJsonObject(value)) checkObject(value, path, depth + 1, inArray);
  else if (value !== null && typeof value !== 'boolean') checkArray(value, path, depth + 1);
}

function checkArray(array: readonly JsonValue[], path: string, depth: number): void {
  checkDepth(path, depth);
  array.forEach((item, i) => {
    if (item === null) throw invalid(`${path}[${i}]`, 'an array may not hold null');
    checkValue(item, `${path}[${i}]`, depth, true);
  });
}

function checkDepth(path: string, depth: number): void {
  if (depth > MAX_TWIN_DEPTH) throw invalid(path, `objects may be nested ${MAX_TWIN_DEPTH} deep`);
}

function checkName(path: string, name: string): void {
  if (name === '') throw invalid(path, 'a property name may not be empty');
  if (Buffer.byteLength(name) > MAX_PROPERTY_NAME_BYTES) {
    throw invalid(path, `a property name may be ${MAX_PROPERTY_NAME_BYTES} bytes long`);
  }
  if (FORBIDDEN_IN_NAME.test(name)) {
    throw invalid(`${path}.${name}`, "a property name may not contain '.', '$', '#', spaces or control characters");
  }
}

function checkString(path: string, value: string): void {
  if (Buffer.byteLength(value) > MAX_STRING_VALUE_BYTES)
    throw invalid(path, `a string may be ${MAX_STRING_VALUE_BYTES} bytes long`);
}

function checkNumber(path: string, value: number): void {
  if (Number.isInteger(value) && (value < MIN_INTEGER || value > MAX_INTEGER)) {
    throw invalid(path, `a whole number must be from ${MIN_INTEGER} to ${MAX_INTEGER}`);
  }
}

function invalid(path: string, rule: string): HubError {
  return new HubError('ArgumentInvalid', `${path}: ${rule}`);
}
