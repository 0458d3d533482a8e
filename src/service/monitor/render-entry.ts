import { isObject } from '../../sdk/service-documents.ts';
import { fitText, type Terminal } from '../../terminal/index.ts';
import { leavesOf, oneLine } from '../sections.ts';
import type { Entry, Kind } from './entry.ts';

const KIND_WIDTH = 10;
const MIN_DEVICE_WIDTH = 12;

/** Writes entries as lines for people: time of day, device, kind, what happened. The device column grows with the ids. */
export function entryRenderer(terminal: Terminal): (entry: Entry) => string {
  let deviceWidth = MIN_DEVICE_WIDTH;
  return (entry) => {
    const device = entry.moduleId === undefined ? entry.deviceId : `${entry.deviceId}/${entry.moduleId}`;
    deviceWidth = Math.max(deviceWidth, Math.min(device.length, 40));
    const head = `${timeOfDay(entry.time)}  ${device.padEnd(deviceWidth)}  `;
    const kind = entry.kind.padEnd(KIND_WIDTH);
    const rest = ` ${detail(entry)}`;
    const room = terminal.width - head.length - kind.length;
    return (
      head + paint(terminal, entry.kind)(kind) + (Number.isFinite(room) ? fitText(rest, Math.max(20, room)) : rest)
    );
  };
}

function paint({ colours }: Terminal, kind: Kind): (text: string) => string {
  const { telemetry, twin, lifecycle, connection, feedback } = {
    telemetry: colours.cyan,
    twin: colours.yellow,
    lifecycle: colours.magenta,
    connection: colours.green,
    feedback: colours.blue,
  };
  return { telemetry, twin, lifecycle, connection, feedback }[kind];
}

/** By the clock on the wall. */
function timeOfDay(time: string): string {
  const moment = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(':');
  return `${clock}.${String(moment.getMilliseconds()).padStart(3, '0')}`;
}

function detail(entry: Entry): string {
  switch (entry.kind) {
    case 'telemetry':
      return telemetryText(entry);
    case 'twin':
      return `${twinText(entry.body)}  (${entry.cause ?? ''})`;
    case 'feedback':
      return `${entry.cause ?? ''}: message ${messageIdOf(entry.body)}`;
    case 'lifecycle':
    case 'connection':
      return entry.cause ?? '';
  }
}

function telemetryText({ body, bodyBase64, properties = {} }: Entry): string {
  const text = bodyBase64 === undefined ? (typeof body === 'string' ? body : oneLine(body)) : `${bodyBase64} (base64)`;
  const named = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return named.length === 0 ? text : `${text}  [${named.join(', ')}]`;
}

/** The values that changed, each with its path; null is how one goes. */
function twinText(body: unknown): string {
  if (!isObject(body)) return oneLine(body);
  const { properties, tags } = body;
  const sections = { ...(isObject(tags) ? { tags } : {}), ...(isObject(properties) ? properties : {}) };
  const changes = leavesOf(sections).map(({ path, value }) =>
    value === null ? `${path.join('.')} removed` : `${path.join('.')} = ${oneLine(value)}`,
  );
  return changes.join(', ');
}

function messageIdOf(body: unknown): string {
  const id = isObject(body) ? body['originalMessageId'] : undefined;
  return typeof id === 'string' ? id : '?';
}
