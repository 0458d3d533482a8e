import azureIotHub, { type Client } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobPeer } from '../../support/blob-peer.ts';
import type { SdkHub } from '../../support/sdk-hub.ts';
import { openAmqpService } from '../front-ends/amqp/clients.ts';
import { CLIENT_CASES, DIGITAL_TWIN_CASES, JOB_CLIENT_CASES, TWIN_CASES } from './other-cases.ts';
import { REGISTRY_CASES } from './registry-cases.ts';
import { World, type Cases, type Things } from './world.ts';

/** A hub that the cases run against. */
export interface Target extends AsyncDisposable {
  readonly hub: SdkHub;
  readonly storage: BlobPeer;
  /** What happens to the hub when all is there that the cases need, and nothing has been called yet. */
  interrupt(): Promise<void>;
}

/** Every case of the service SDK: first the things of all are made, then each is called. */
export function describeServiceSdk(open: () => Promise<Target>): void {
  let target: Target;
  let world: World;
  const waiting: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    target = await open();
    world = new World(target.hub, target.storage);
    await Promise.all(waiting.map((make) => make()));
    await target.interrupt();
  });
  afterAll(() => target[Symbol.asyncDispose]());

  /** The things of one case, made before any is called. */
  function ahead(options: { configuration: boolean }): () => Promise<Things> {
    let things: Promise<Things> | undefined;
    const make = (): Promise<Things> => (things ??= world.things(options));
    waiting.push(make);
    return make;
  }

  function cases<Subject>(
    type: { readonly name: string },
    table: Cases<Subject>,
    open: (things: Things) => Subject | Promise<Subject>,
  ): void {
    const prepare = (): ((call: (client: Subject, things: Things) => unknown) => Promise<void>) => {
      // A hub takes a hundred configurations: only the Registry's cases have one each.
      const things = ahead({ configuration: type === azureIotHub.Registry });
      return async (call) => {
        const client = await open(await things());
        try {
          await call(client, await things());
        } finally {
          await (client as Partial<Client>).close?.();
        }
      };
    };
    describe(type.name, () => {
      for (const [name, method] of Object.entries(table)) {
        const run = prepare();
        test(`${name} does what it says`, () => run((client, things) => method.call(client, things)));
        for (const refusal of method.refused) {
          const run = prepare();
          test(`${name} is refused when ${refusal.when}`, async () => {
            const error: unknown = await run((client, things) => refusal.call(client, things)).then(
              () => undefined,
              (reason: unknown) => reason,
            );
            expect(error).toMatchObject({ name: refusal.name });
            if (refusal.code !== undefined) expect(codesOf(error as object)).toContain(refusal.code);
          });
        }
      }
    });
  }

  cases(azureIotHub.Registry, REGISTRY_CASES, ({ hub }) => hub.registry());
  cases(azureIotHub.JobClient, JOB_CLIENT_CASES, ({ hub }) => hub.jobClient());
  cases(azureIotHub.DigitalTwinClient, DIGITAL_TWIN_CASES, ({ hub }) => hub.digitalTwinClient());
  cases(
    azureIotHub.Twin,
    TWIN_CASES,
    async ({ hub, deviceId }) => (await hub.registry().getTwin(deviceId)).responseBody,
  );
  // Messages go over AMQP, direct methods over HTTPS.
  cases(azureIotHub.Client, CLIENT_CASES, async ({ hub }) => hub.redirect(await openAmqpService(hub)));
}

/** What can be read of the hub's code in an SDK error: in the body, or the status where the SDK keeps nothing else. */
function codesOf(error: object): string {
  return `${String(Reflect.get(error, 'responseBody'))} ${String(Reflect.get(error, 'statusCode'))}`;
}
