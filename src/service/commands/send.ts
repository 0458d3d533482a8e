import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { AmqpProtocol, CloudToDevice, FeedbackRecord, OutgoingMessage } from '../../sdk/cloud-to-device-sdk.ts';
import {
  choice,
  duration,
  formatDuration,
  ProgramError,
  recordWriter,
  showWaiting,
  wrongCall,
} from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';

type Ack = OutgoingMessage['ack'];

export interface SendOptions {
  readonly deviceId: string;
  readonly body: string;
  readonly property?: readonly (readonly [string, string])[];
  readonly ack?: Ack;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly contentType?: string;
  readonly expiresIn?: number;
  readonly protocol?: AmqpProtocol;
  readonly dryRun?: boolean;
}

/** A message that was sent, and what became of it when that was waited for. */
interface Sent {
  readonly deviceId: string;
  readonly messageId: string;
  readonly ack: Ack;
  readonly properties: Readonly<Record<string, string>>;
  /** `Enqueued`, or the outcome that the feedback tells. */
  readonly status: string;
  readonly enqueuedTimeUtc?: string;
  readonly elapsedMs: number;
}

const TIMEOUT_MS = 60_000;
const ACKS = ['none', 'positive', 'negative', 'full'] as const satisfies readonly Ack[];

export function addSend(host: CommandHost): void {
  addCommand(host, {
    words: 'send <deviceId> <body>',
    examples: [
      'hub-admin send myDeviceId "open the valve"',
      `hub-admin send myDeviceId '{"valve":1}' --property kind=command --content-type application/json --expires-in 10m`,
      'hub-admin send myDeviceId hello --ack full -o json',
    ],
  })
    .addOption(
      new Option('--property <name=value>', 'an application property; repeatable').argParser(
        (text: string, before: SendOptions['property']) => [...(before ?? []), readProperty(text)],
      ),
    )
    .option(
      '--ack <which>',
      'which outcomes the hub tells of: none, positive, negative, full (default: none; with --wait: full)',
      choice('--ack', ACKS),
    )
    .option(
      '--wait',
      'wait until the hub tells what became of it; takes the feedback of other messages out of the queue, too',
    )
    .option(
      '--timeout <duration>',
      'how long to wait for that, 1s to 48h (default: 60s)',
      duration('--timeout', { minMs: 1000, maxMs: 48 * 3_600_000 }),
    )
    .option('--message-id <id>', 'its id (default: a new UUID)')
    .option('--correlation-id <id>', 'the id of what it belongs to')
    .option('--content-type <type>', 'such as application/json')
    .option(
      '--expires-in <duration>',
      'gone if the device has not taken it by then, 1s to 48h (default: what the hub says, 1h)',
      duration('--expires-in', { minMs: 1000, maxMs: 48 * 3_600_000 }),
    )
    .addOption(protocolOption())
    .option('--dry-run', 'show what would be sent, send nothing')
    .action(async (deviceId: string, body: string, options: Omit<SendOptions, 'deviceId' | 'body'>, self: Command) => {
      await runSend(host.open(self), { ...options, deviceId, body });
    });
}

/** How AMQP gets to the hub. */
export function protocolOption(): Option {
  return new Option(
    '-p, --protocol <protocol>',
    'amqp (port 5671) or amqp-ws (WebSocket, port 443) (default: amqp; with HTTPS_PROXY amqp-ws)',
  ).argParser(choice('--protocol', ['amqp', 'amqp-ws'] as const));
}

export async function runSend(console: Console, options: SendOptions): Promise<void> {
  const message = await toMessage(console, options);
  if (options.dryRun === true) {
    await show(console, {
      deviceId: options.deviceId,
      dryRun: true,
      ...described(message),
      body: message.body.toString(),
    });
    console.terminal.notice('Dry run: nothing was sent.');
    return;
  }
  const hub = await console.hub();
  const { openCloudToDevice } = await import('../../sdk/cloud-to-device-sdk.ts');
  const { env, signal } = console;
  const connection = await openCloudToDevice(hub, { env, signal, protocol: options.protocol });
  console.onEnd(() => connection.close());
  const begun = performance.now();
  const outcome = options.wait === true ? await sendAndWait(console, connection, { ...options, message }) : undefined;
  if (outcome === undefined && options.wait !== true) await connection.send(options.deviceId, message);
  const elapsedMs = Math.round(performance.now() - begun);
  const record: Sent = {
    deviceId: options.deviceId,
    ...described(message),
    status: outcome?.statusCode ?? 'Enqueued',
    ...(outcome === undefined ? {} : { enqueuedTimeUtc: outcome.enqueuedTimeUtc }),
    elapsedMs,
  };
  await show(console, { ...record });
  if (outcome !== undefined) failUnlessTaken(options.deviceId, outcome.statusCode);
  else console.suggest(`hub-admin monitor ${options.deviceId}`);
}

async function toMessage(console: Console, options: SendOptions): Promise<OutgoingMessage> {
  const { wait, ack, messageId, correlationId, contentType, expiresIn } = options;
  if (wait === true && ack === 'none')
    throw wrongCall('--wait needs feedback, and --ack none asks for none', 'leave --ack out');
  return {
    body: await readBody(console, options.body),
    messageId: messageId ?? randomUUID(),
    correlationId,
    contentType,
    ...(contentType === 'application/json' ? { contentEncoding: 'utf-8' } : {}),
    properties: Object.fromEntries(options.property ?? []),
    ack: ack ?? (wait === true ? 'full' : 'none'),
    expiresMs: expiresIn === undefined ? undefined : Date.now() + expiresIn,
  };
}

/** The text itself, `@file`, or `-` for stdin. */
async function readBody(console: Console, text: string): Promise<Buffer> {
  if (text === '-') return Buffer.from(await console.terminal.readAll());
  if (!text.startsWith('@')) return Buffer.from(text);
  try {
    return await readFile(resolve(console.cwd, text.slice(1)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`the file "${text.slice(1)}" cannot be read: ${reason}`, 'a body that begins with @ names a file');
  }
}

/** The feedback is listened for first: it may come at once. */
async function sendAndWait(
  console: Console,
  connection: CloudToDevice,
  { deviceId, message, timeout = TIMEOUT_MS }: SendOptions & { message: OutgoingMessage },
): Promise<FeedbackRecord> {
  let others = 0;
  const found = new Promise<FeedbackRecord>((resolve, reject) => {
    const read = (records: readonly FeedbackRecord[]): void => {
      const own = records.find((each) => each.originalMessageId === message.messageId && each.deviceId === deviceId);
      others += records.length - (own === undefined ? 0 : 1);
      if (own !== undefined) resolve(own);
    };
    connection
      .onFeedback(read)
      .then(() => connection.send(deviceId, message))
      .catch(reject);
  });
  const waiting = showWaiting(
    console.terminal,
    `Waiting for what becomes of the message (the hub tells every 15 s at most) …`,
  );
  const limit = AbortSignal.any([console.signal, AbortSignal.timeout(timeout)]);
  try {
    return await Promise.race([found, whenAborted(limit, () => timedOut(deviceId, timeout, message.messageId))]);
  } finally {
    waiting.end();
    if (others > 0)
      console.terminal.notice(`${others} feedback records of other messages were taken out of the queue.`);
  }
}

function whenAborted(signal: AbortSignal, error: () => Error): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(error()), { once: true });
  });
}

function timedOut(deviceId: string, timeoutMs: number, messageId: string): ProgramError {
  return new ProgramError(
    'timedOut',
    'NoFeedback',
    `the hub did not tell within ${formatDuration(timeoutMs)} what became of message ${messageId} to "${deviceId}"`,
    {
      hint: `it waits in the queue while the device is away: hub-admin device show ${deviceId}; or wait longer with --timeout`,
    },
  );
}

const OUTCOMES: Readonly<
  Record<string, { readonly exit: 'deviceFailed' | 'timedOut' | 'failed'; readonly says: string }>
> = {
  Rejected: { exit: 'deviceFailed', says: 'rejected the message' },
  DeliveryCountExceeded: { exit: 'deviceFailed', says: 'gave the message back too often, it is dead' },
  Expired: { exit: 'timedOut', says: 'did not take the message before it expired' },
  Purged: { exit: 'failed', says: 'did not get the message: its queue was purged' },
};

function failUnlessTaken(deviceId: string, statusCode: string): void {
  const outcome = OUTCOMES[statusCode];
  if (outcome === undefined) return;
  throw new ProgramError(outcome.exit, statusCode, `device "${deviceId}" ${outcome.says}`);
}

function described({ messageId, ack, properties }: OutgoingMessage): Pick<Sent, 'messageId' | 'ack' | 'properties'> {
  return { messageId, ack, properties };
}

async function show(console: Console, record: Record<string, unknown>): Promise<void> {
  if (console.options.output === 'table') {
    const { elapsedMs, properties, ...rest } = record;
    const shown = typeof properties === 'object' && Object.keys(properties ?? {}).length > 0 ? { properties } : {};
    const took = typeof elapsedMs === 'number' ? { took: formatDuration(elapsedMs) } : {};
    await console.terminal.print(renderCard({ ...rest, ...shown, ...took }).join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(record);
  await writer.end();
}

function readProperty(text: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw wrongCall(`--property must be name=value, got ${JSON.stringify(text)}`, 'such as --property kind=command');
  }
  return [name, value];
}
