import type { JsonObject, JsonValue } from './json.ts';
import type { TestTwin } from './test-twin.ts';

/** A local hub for one test or one suite: in memory, on free ports, alone. */
export interface TestHub extends AsyncDisposable {
  /** For service programs, with the owner's key. Who cannot be told a port is aimed with {@link TestHub.aim}. */
  readonly connectionString: string;
  /** Always `localhost`. */
  readonly hostName: string;
  readonly ports: { readonly https: number; readonly mqtt: number; readonly amqp: number };
  /** PEM of the authority that signed the hub's certificate: `client.setOptions({ ca: hub.ca })` for a device client. */
  readonly ca: string;
  /**
   * For child processes: `IOTHUB_CONNECTION_STRING`, `NODE_EXTRA_CA_CERTS`, and `TANDEM_HOME`, by which `sim-device` and
   * `hub-admin` find this hub. `{ env: { ...process.env, ...hub.env } }`
   */
  readonly env: Readonly<Record<string, string>>;

  /**
   * Registers a device.
   *
   * @param twin what its twin begins with
   * @returns its connection string, for a device client of any SDK
   */
  createDevice(deviceId: string, twin?: { tags?: JsonObject; desired?: JsonObject }): Promise<string>;
  /** The connection string of a device that is registered. */
  deviceConnectionString(deviceId: string): Promise<string>;
  deleteDevice(deviceId: string): Promise<void>;
  getTwin(deviceId: string): Promise<TestTwin>;
  /** Merges into tags and desired properties, as a back end would; null removes. */
  patchTwin(deviceId: string, patch: { tags?: JsonObject; desired?: JsonObject }): Promise<TestTwin>;
  /**
   * Invokes a direct method.
   *
   * @throws an error with `code` `DeviceNotOnline` when nobody listens, `GatewayTimeout` when nobody answers
   */
  invokeMethod(
    deviceId: string,
    methodName: string,
    payload?: JsonValue,
    options?: { responseTimeoutSeconds?: number; connectTimeoutSeconds?: number },
  ): Promise<{ status: number; payload: JsonValue }>;
  /** All rows of a query in the IoT Hub query language, or of a bare condition. */
  query(text: string): Promise<JsonObject[]>;
  /**
   * Points a `Registry`, `Client` or `JobClient` of `azure-iothub` at this hub, which no option of theirs can: they always call
   * port 443. Holds for what they do over HTTPS (twins, devices, queries, jobs, direct methods).
   *
   * @returns the same client
   */
  aim<SdkClient extends object>(client: SdkClient): SdkClient;
  /**
   * Moves the hub's time ahead: tokens and messages expire, jobs fall due, retention drops what is old.
   *
   * @param by milliseconds, or a text such as `90s`, `1h30m`, `1d`
   */
  advanceClock(by: number | string): Promise<void>;
  /** Ends the simulated devices of this hub, then the hub, and removes its files. Safe to call twice. */
  close(): Promise<void>;
}
