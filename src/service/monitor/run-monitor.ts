import type { ServiceHub } from '../../config/index.ts';
import type { AmqpProtocol } from '../../sdk/cloud-to-device-sdk.ts';
import { chooseProtocol, findEventEndpoint } from '../../sdk/event-endpoint.ts';
import type { EventReader, HubEvent } from '../../sdk/event-reader.ts';
import { formatDuration, ProgramError } from '../../terminal/index.ts';
import type { Console } from '../console.ts';
import { csvRecord } from '../csv-stream.ts';
import { type StreamOptions, streamSignal } from '../streams.ts';
import { type DeviceFilter, openDeviceFilter } from './device-filter.ts';
import { type Entry, eventEntry, feedbackEntry, type Kind, KINDS } from './entry.ts';
import { openRecorder, type Recorder } from './recorder.ts';
import { entryRenderer } from './render-entry.ts';
import { type TimelineItem, TimelineOutput } from './timeline-output.ts';
import { untilMet } from './until.ts';
import { watchEvents } from './watch-events.ts';

export type MonitorOptions = StreamOptions & {
  readonly deviceId?: string | undefined;
  readonly kinds: readonly Kind[];
  readonly where?: string;
  readonly since?: number;
  readonly until?: string;
  readonly record?: string;
  readonly consumerGroup: string;
  readonly protocol?: AmqpProtocol;
};

/** What the sources of a timeline work with. */
interface Run {
  readonly console: Console;
  readonly options: MonitorOptions;
  readonly hub: ServiceHub;
  readonly protocol: AmqpProtocol;
  readonly signal: AbortSignal;
  readonly output: TimelineOutput;
  readonly filter: DeviceFilter;
  readonly stop: (error?: unknown) => void;
}

/** Shows what happens in the hub until it is stopped, or count, duration or condition say that it is enough. */
export async function runMonitor(console: Console, options: MonitorOptions): Promise<void> {
  const hub = await console.hub();
  const finished = new AbortController();
  const stream = streamSignal(console, options);
  const signal = AbortSignal.any([stream.signal, finished.signal]);
  let failure: Error | undefined;
  const stop = (error?: unknown): void => {
    if (!signal.aborted && error instanceof Error) failure = error;
    finished.abort();
  };
  const { env } = console;
  const protocol = options.protocol ?? (await chooseProtocol(hub, env));
  console.onEnd(() => finished.abort());
  const { deviceId, where } = options;
  // Side by side: whatever cannot be reached, HTTPS for the condition or AMQP for the events, is told within ten seconds.
  const [filter] = await Promise.all([
    openDeviceFilter(console, { deviceId, where, signal }),
    where === undefined ? undefined : findEventEndpoint(hub, { env, signal, protocol }),
  ]);
  const recorder = options.record === undefined ? undefined : await openRecorder(console.cwd, options.record);
  const show = entryWriter(console, recorder);
  const output = new TimelineOutput({ show, count: options.count ?? Infinity, onDone: stop });
  console.onEnd(async () => {
    output.stop();
    await recorder?.close();
  });
  const run: Run = { console, options, hub, protocol, signal, output, filter, stop };
  await Promise.all(sourcesOf(run).map((source) => source.catch(stop)));
  await output.end();
  if (failure !== undefined) throw failure;
  console.signal.throwIfAborted();
  if (options.until !== undefined && stream.isOver()) throw notMet(options);
  if (recorder !== undefined)
    console.terminal.notice(`Recorded into ${recorder.file}; send it again with: sim-device replay ${recorder.file}`);
}

function sourcesOf(run: Run): Promise<void>[] {
  const { kinds, until } = run.options;
  return [
    ...(kinds.some((kind) => kind !== 'feedback') ? [readEvents(run)] : []),
    ...(kinds.includes('feedback') ? [readFeedback(run)] : []),
    ...(until === undefined ? [] : [waitUntil(run, until)]),
  ];
}

async function readEvents({ console, options, hub, protocol, signal, output, filter }: Run): Promise<void> {
  const sinceMs = options.since === undefined ? undefined : Date.now() - options.since;
  await watchEvents(hub, {
    env: console.env,
    signal,
    protocol,
    consumerGroup: options.consumerGroup,
    from: sinceMs === undefined ? { kind: 'now' } : { kind: 'since', enqueuedMs: sinceMs },
    onListening: (reader) => {
      if (sinceMs !== undefined) expectBacklog(output, reader, sinceMs);
      console.terminal.notice(listening(options, hub.address.hostName, reader.partitions.size));
    },
    onEvent: (event) => {
      const item = eventItem(event);
      // What is filtered out still tells how far its partition is.
      if (isShown(item.entry, options, filter)) output.push(item);
      else output.timeline.pass(item, performance.now());
    },
    onTrouble: (line) => console.terminal.notice(line),
  });
}

function isShown({ kind, deviceId }: Entry, { kinds }: MonitorOptions, filter: DeviceFilter): boolean {
  return kinds.includes(kind) && filter.shows(deviceId);
}

/** Partitions that hold something since then will bring it first, each at its own pace. */
function expectBacklog({ timeline }: TimelineOutput, { partitions }: EventReader, sinceMs: number): void {
  for (const [partition, { sequenceNumber, enqueuedMs }] of partitions) {
    if (enqueuedMs > sinceMs) timeline.expect(partition, sequenceNumber, performance.now());
  }
}

async function readFeedback({ console, options, hub, protocol, signal, output, filter }: Run): Promise<void> {
  const { watchFeedback } = await import('./watch-feedback.ts');
  let sequenceNumber = 0;
  await watchFeedback(hub, {
    env: console.env,
    signal,
    protocol,
    onTaking: () =>
      console.terminal.notice(
        'Taking the feedback of cloud-to-device messages out of its queue: nobody else will see it.',
      ),
    onFeedback: (records) => {
      for (const entry of records.map(feedbackEntry).filter((each) => isShown(each, options, filter))) {
        sequenceNumber += 1;
        output.push({
          entry,
          event: undefined,
          source: 'feedback',
          sequenceNumber,
          enqueuedMs: Date.parse(entry.time),
        });
      }
    },
    onTrouble: (line) => console.terminal.notice(line),
  });
}

async function waitUntil({ console, options: { deviceId }, signal, stop }: Run, condition: string): Promise<void> {
  // A query that is under way when the rest has ended is not waited for.
  await Promise.race([untilMet(console, { deviceId, condition, signal }).then(() => stop()), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function eventItem(event: HubEvent): TimelineItem {
  const { partition, sequenceNumber, enqueuedMs } = event;
  return { entry: eventEntry(event), event, source: partition, sequenceNumber, enqueuedMs };
}

const CSV_COLUMNS = [
  'time',
  'kind',
  'deviceId',
  'moduleId',
  'cause',
  'body',
  'bodyBase64',
  'properties',
  'systemProperties',
];

function entryWriter(console: Console, recorder: Recorder | undefined): (item: TimelineItem) => Promise<void> {
  const { terminal, options } = console;
  const render = entryRenderer(terminal);
  const csv = options.output === 'csv' ? csvRecord(terminal, CSV_COLUMNS) : undefined;
  return async ({ entry, event }) => {
    await recorder?.write(entry, event);
    if (csv !== undefined) await csv(entry);
    else await terminal.print(options.output === 'table' ? render(entry) : JSON.stringify(entry));
  };
}

const NAMES: Readonly<Record<Kind, string>> = {
  telemetry: 'telemetry',
  twin: 'twin changes',
  lifecycle: 'devices created and deleted',
  connection: 'connects and disconnects',
  feedback: 'feedback',
};

function listening(
  { kinds, deviceId, where, consumerGroup }: MonitorOptions,
  hostName: string,
  partitions: number,
): string {
  const what = KINDS.filter((kind) => kinds.includes(kind))
    .map((kind) => NAMES[kind])
    .join(', ');
  const whose = deviceId === undefined ? 'all devices' : `"${deviceId}"`;
  const which = where === undefined ? '' : ` with ${where}`;
  return `Listening to ${what} of ${whose}${which} on ${hostName} (${partitions} partitions, consumer group ${consumerGroup}) …`;
}

function notMet({ until = '', duration = 0 }: MonitorOptions): ProgramError {
  return new ProgramError(
    'timedOut',
    'ConditionNotMet',
    `no device met the condition within ${formatDuration(duration)}: ${until}`,
    {
      hint: 'give it longer with --duration; try the condition with: hub-admin query',
    },
  );
}
