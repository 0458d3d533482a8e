import type { JsonValue } from '../sdk/device-link.ts';
import { type Colours, formatDuration, printable } from '../terminal/index.ts';
import type { DeviceEvent } from './device-event.ts';

type Body<Kind extends DeviceEvent['event']> = Extract<DeviceEvent, { event: Kind }>;
type Sentences = { readonly [Kind in DeviceEvent['event']]: (event: Body<Kind>, colours: Colours) => string };

/** What each event is to a person. */
const SENTENCES: Sentences = {
  connected: (e, c) => `${c.green('connected')} to ${e.hub} over ${e.protocol}`,
  connectFailed: (e, c) =>
    `${c.yellow('cannot connect')}: ${e.reason}; attempt ${e.attempt}, trying again in ${formatDuration(e.retryInMs)}`,
  disconnected: (e, c) =>
    `${e.by === 'device' ? 'disconnected' : c.yellow('disconnected')}: ${e.reason}${e.retryInMs ? `; back in ${formatDuration(e.retryInMs)}` : ''}`,
  takenOver: (e, c) => `${c.yellow('taken over')}: ${e.reason} (${e.times} times in a row)`,
  stopped: () => 'stopped',
  desired: (e) => `desired ${e.source === 'twin' ? 'in the twin' : 'patch'} (version ${e.version}): ${json(e.patch)}`,
  reported: (e) => `reported ${json(e.patch)}`,
  method: (e, c) => `${c.cyan(`method ${e.methodName}`)} (call ${e.count}): ${json(e.payload)}`,
  methodAnswered: (e) =>
    e.status === null
      ? `method ${e.methodName} is not answered`
      : `answered ${e.methodName}: ${e.status} ${json(e.payload)}`,
  rebooting: (e, c) => `${c.magenta('rebooting')}, takes ${formatDuration(e.rebootSeconds * 1000)}`,
  rebooted: (e, c) => `${c.magenta('rebooted')} at ${e.rebootTime}`,
  configuration: (e, c) =>
    `configuration ${json(e.configId)} every ${json(e.sendFrequency)}: ${statusColour(e.status, c)}${e.reason === undefined ? '' : `, ${e.reason}`}`,
  telemetryInterval: (e) => `telemetry every ${e.everyMs === null ? '-' : formatDuration(e.everyMs)}`,
  telemetry: (e) => `telemetry ${json(e.body)}${properties(e.properties)}`,
  message: (e, c) => `${c.cyan('message')} ${json(e.body)}${properties(e.properties)}`,
  fault: (e, c) => `${c.yellow(`fault ${e.fault}`)}: ${e.detail}`,
  failed: (e, c) => `${c.red('failed')} to ${e.what}: ${e.reason}`,
};

/** One line for people: `10:02:11 myDeviceId connected to …`, in local time. */
export function renderEvent(event: DeviceEvent, colours: Colours, verbose = false): string {
  const time = new Date(event.time).toTimeString().slice(0, 8);
  return `${colours.dim(time)} ${colours.bold(event.deviceId)} ${sentence(event, colours)}${verbose ? colours.dim(details(event)) : ''}`;
}

/** What `--verbose` adds. */
function details(event: DeviceEvent): string {
  const hint = 'hint' in event && event.hint !== undefined ? `; ${event.hint}` : '';
  const request = 'requestId' in event ? `, request ${event.requestId}` : '';
  const elapsed = 'elapsedMs' in event ? ` (${event.elapsedMs} ms${request})` : '';
  return `${hint}${elapsed}`;
}

function sentence<Kind extends DeviceEvent['event']>(event: Body<Kind>, colours: Colours): string {
  const write: (event: Body<Kind>, colours: Colours) => string = SENTENCES[event.event];
  return write(event, colours);
}

function statusColour(status: Body<'configuration'>['status'], colours: Colours): string {
  if (status === 'Success') return colours.green(status);
  return status === 'Error' ? colours.red(status) : colours.yellow(status);
}

function properties(values: Readonly<Record<string, string>>): string {
  return Object.keys(values).length === 0 ? '' : ` ${json(values)}`;
}

/** What a service sends must not move the cursor. */
function json(value: JsonValue): string {
  return printable(JSON.stringify(value));
}
