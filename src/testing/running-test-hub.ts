import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDeviceConnectionString, localServiceConnectionString, localServiceHub } from '../config/index.ts';
import { type LocalHub, startLocalHub } from '../local-hub/index.ts';
import { openServiceClient, type ServiceClient } from '../sdk/service-client.ts';
import { type DeviceIdentity, objectMember, type TwinDocument } from '../sdk/service-documents.ts';
import { aimServiceSdk } from './aim-service-sdk.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { readDuration } from './read-duration.ts';
import type { TestHub } from './test-hub.ts';
import type { TestTwin } from './test-twin.ts';

/** The hub behind the face {@link TestHub}, with what `simulateDevice` needs besides. */
export class RunningTestHub implements TestHub {
  readonly connectionString: string;
  readonly hostName: string;
  readonly ports: TestHub['ports'];
  readonly ca: string;
  readonly env: Readonly<Record<string, string>>;
  readonly local: LocalHub;
  readonly client: ServiceClient;
  /** Ended before the hub is, the last one first. */
  readonly companions = new Set<{ close(): Promise<void> }>();
  readonly #home: string;
  readonly #stopping: AbortController;
  #closing: Promise<void> | undefined;

  private constructor(parts: { home: string; local: LocalHub; client: ServiceClient; stopping: AbortController }) {
    const { discovery } = parts.local;
    this.local = parts.local;
    this.client = parts.client;
    this.#home = parts.home;
    this.#stopping = parts.stopping;
    this.connectionString = localServiceConnectionString(discovery);
    this.hostName = discovery.hostName;
    this.ports = { https: discovery.httpsPort, mqtt: discovery.mqttPort, amqp: discovery.amqpPort };
    this.ca = discovery.ca;
    const caFile = join(parts.home, 'test-ca.pem');
    writeFileSync(caFile, discovery.ca);
    this.env = {
      IOTHUB_CONNECTION_STRING: this.connectionString,
      NODE_EXTRA_CA_CERTS: caFile,
      TANDEM_HOME: parts.home,
    };
  }

  static async start(notice: (line: string) => void): Promise<RunningTestHub> {
    const home = mkdtempSync(join(tmpdir(), 'tandem-test-'));
    const ports = { httpsPort: 0, mqttPort: 0, amqpPort: 0 };
    const stopping = new AbortController();
    try {
      const local = await startLocalHub({ home, inMemory: true, ...ports, notice });
      const client = await openServiceClient(localServiceHub(local.discovery), { env: {}, signal: stopping.signal });
      return new RunningTestHub({ home, local, client, stopping });
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  async createDevice(deviceId: string, twin: { tags?: JsonObject; desired?: JsonObject } = {}): Promise<string> {
    const identity = await this.client.createDevice({ deviceId });
    if (twin.tags !== undefined || twin.desired !== undefined) await this.patchTwin(deviceId, twin);
    return this.#connectionStringOf(identity);
  }

  async deviceConnectionString(deviceId: string): Promise<string> {
    return this.#connectionStringOf(await this.client.getDevice(deviceId));
  }

  deleteDevice(deviceId: string): Promise<void> {
    return this.client.deleteDevice(deviceId, '*');
  }

  async getTwin(deviceId: string): Promise<TestTwin> {
    return testTwin(await this.client.getTwin(deviceId));
  }

  async patchTwin(deviceId: string, patch: { tags?: JsonObject; desired?: JsonObject }): Promise<TestTwin> {
    const { tags, desired } = patch;
    const document = {
      ...(tags === undefined ? {} : { tags }),
      ...(desired === undefined ? {} : { properties: { desired } }),
    };
    return testTwin(await this.client.patchTwin(deviceId, document, '*'));
  }

  async invokeMethod(
    deviceId: string,
    methodName: string,
    payload: JsonValue = null,
    options: { responseTimeoutSeconds?: number; connectTimeoutSeconds?: number } = {},
  ): Promise<{ status: number; payload: JsonValue }> {
    const answer = await this.client.invokeMethod(
      { deviceId },
      {
        methodName,
        payload,
        responseTimeoutInSeconds: options.responseTimeoutSeconds ?? 30,
        connectTimeoutInSeconds: options.connectTimeoutSeconds ?? 0,
      },
    );
    return { status: answer.status, payload: (answer.payload ?? null) as JsonValue };
  }

  async query(text: string): Promise<JsonObject[]> {
    const whole = /^\s*select\b/i.test(text) ? text : `SELECT * FROM devices WHERE ${text}`;
    const rows: JsonObject[] = [];
    // Whatever came over the wire as a row is a JSON object.
    for await (const row of this.client.query(whole)) rows.push(row as JsonObject);
    return rows;
  }

  aim<SdkClient extends object>(client: SdkClient): SdkClient {
    return aimServiceSdk(client, { httpsPort: this.ports.https, ca: this.ca });
  }

  async advanceClock(by: number | string): Promise<void> {
    await this.client.localHubClock(typeof by === 'number' ? by : readDuration(by));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #connectionStringOf({ deviceId, authentication }: DeviceIdentity): string {
    const { primaryKey } = objectMember(authentication, 'symmetricKey');
    return localDeviceConnectionString(
      this.local.discovery,
      deviceId,
      typeof primaryKey === 'string' ? primaryKey : '',
    );
  }

  async #close(): Promise<void> {
    try {
      for (const companion of [...this.companions].reverse()) await companion.close();
      this.client.close();
      this.#stopping.abort();
      await this.local.close();
    } finally {
      rmSync(this.#home, { recursive: true, force: true });
    }
  }
}

/** The type names what every twin has; nothing is added to what the hub sent. */
function testTwin(document: TwinDocument): TestTwin {
  return document as unknown as TestTwin;
}
