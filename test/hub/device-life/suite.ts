import type { Client as ServiceClient } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../support/programs.ts';
import { ADMISSION } from './admission.ts';
import type { Behaviour } from './behaviour.ts';
import { CLOUD_TO_DEVICE } from './cloud-to-device.ts';
import { CONNECTIONS } from './connections.ts';
import { DIRECT_METHODS } from './direct-methods.ts';
import { MODULES } from './modules.ts';
import type { Reach } from './reach.ts';
import { Backend, eventually, Stage } from './stage.ts';
import { TELEMETRY } from './telemetry.ts';
import { TRANSPORTS } from './transports.ts';
import { TWINS } from './twins.ts';

const BEHAVIOURS: readonly Behaviour[] = [
  ...TELEMETRY,
  ...CLOUD_TO_DEVICE,
  ...TWINS,
  ...DIRECT_METHODS,
  ...MODULES,
  ...CONNECTIONS,
  ...ADMISSION,
];

/** A hub that the suite runs against. */
export interface Target extends AsyncDisposable {
  readonly reach: Reach;
  /** What happens to the hub when all is arranged and nothing has been tried yet. */
  interrupt(): Promise<void>;
  /** Moves the hub's clock ahead. */
  advance(duration: string): Promise<void>;
}

/** `DEVICE_LIFE_TRANSPORT=Amqp npx vitest run test/hub/device-life` is the suite over one transport. */
const chosen = process.env['DEVICE_LIFE_TRANSPORT'];
const transports = TRANSPORTS.filter((transport) => chosen === undefined || transport === chosen);

/** The life of a device on unmodified SDK clients, over every transport: first all is arranged, then all is tried. */
export function describeDeviceLife(open: () => Promise<Target>): void {
  let target: Target;
  let backend: Backend;
  const arranged = new Map<string, Promise<Arranged>>();

  beforeAll(async () => {
    target = await open();
    backend = new Backend(target.reach);
    for (const transport of transports) {
      for (const behaviour of BEHAVIOURS.filter(({ except }) => except?.[transport] === undefined)) {
        const stage = new Stage(backend, transport, behaviour.name);
        arranged.set(`${transport} ${behaviour.name}`, arrange(behaviour, stage));
      }
    }
    await Promise.all(arranged.values());
    await backend.close();
    await target.interrupt();
  });
  afterAll(async () => {
    await backend.close();
    await target[Symbol.asyncDispose]();
  });

  describe.concurrent.each(transports)('a device over %s', (transport) => {
    for (const { name, except } of BEHAVIOURS) {
      test(name, async ({ skip }) => {
        const reason = except?.[transport];
        if (reason !== undefined) skip(reason);
        const result = await arranged.get(`${transport} ${name}`);
        if (result === undefined) return expect.unreachable('it was not arranged');
        await using _stage = { [Symbol.asyncDispose]: () => result.stage.close() };
        if ('failure' in result) throw result.failure;
        await result.act();
      });
    }
  });

  // The batch of feedback is closed by time: only when no lock of another test can run out.
  test('feedback tells the sender what became of every message', async () => {
    const told = new Map<string, string>();
    const receiver = await openFeedback(await backend.service());
    receiver.on('message', (message) => {
      const records = JSON.parse(message.getBytes().toString()) as { originalMessageId: string; statusCode: string }[];
      for (const { originalMessageId, statusCode } of records) told.set(originalMessageId, statusCode);
      receiver.complete(message, () => undefined);
    });
    await target.advance('15s');
    await eventually(() => expect(Object.fromEntries(told)).toEqual(Object.fromEntries(backend.outcomes)));
  });
}

function openFeedback(service: ServiceClient): Promise<ServiceClient.ServiceReceiver> {
  return new Promise((resolve, reject) => {
    service.getFeedbackReceiver((error, receiver) => {
      if (receiver === undefined) reject(error ?? new Error('no receiver'));
      else resolve(receiver);
    });
  });
}

type Arranged = { readonly stage: Stage } & ({ readonly act: () => Promise<void> } | { readonly failure: unknown });

/** A failure belongs to its own test. */
async function arrange(behaviour: Behaviour, stage: Stage): Promise<Arranged> {
  try {
    return { stage, act: await within(`"${behaviour.name}" to be arranged`, behaviour.arrange(stage)) };
  } catch (failure) {
    return { stage, failure };
  }
}
