/** What sim-device sees of a connection to a hub: one open link, made by device-sdk.ts. Types alone, so that behaviours load no SDK. */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** The device's view of its twin: no tags, no metadata; each section with its `$version`. */
export interface DeviceTwin {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
}

export interface MethodCall {
  readonly requestId: string;
  readonly methodName: string;
  /** As it came; empty when the caller sent no payload. */
  readonly body: Buffer;
}

/** A call that waits for its answer. Never answered, the caller's response timeout passes. */
export type WaitingCall = MethodCall & { answer(status: number, payload: JsonValue): Promise<void> };

export interface CloudToDeviceMessage {
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
  readonly properties: Readonly<Record<string, string>>;
}

export interface TelemetryMessage {
  readonly body: string | Buffer;
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly userId?: string | undefined;
  readonly creationTimeUtc?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** Called from the moment `connect` starts: a hub that kept the session may deliver before the subscriptions are renewed. */
export interface LinkListener {
  method(call: WaitingCall): void;
  /** A desired patch as the service sent it, with its `$version`; also every one that arrives before `readTwin` answers. */
  desired(patch: JsonObject): void;
  /** Resolves when the device is done with it: the message is completed then where the protocol lets a device decide. */
  message(message: CloudToDeviceMessage): Promise<void>;
  /** Once, unless `close` or `drop` was called before. */
  lost(reason: LostReason): void;
}

export interface LostReason {
  /** `hub`: it closed the connection; `network`: the socket broke. */
  readonly by: 'hub' | 'network';
  readonly message: string;
}

/** One connection. It never reconnects: when it is lost or closed, make another. */
export interface DeviceLink {
  /** Replace it by another after this long, before its token ends; undefined when it has none of our making. */
  readonly renewAfterMs: number | undefined;
  readTwin(): Promise<DeviceTwin>;
  report(patch: JsonObject): Promise<void>;
  /** Resolves when the hub has acknowledged. */
  send(message: TelemetryMessage): Promise<void>;
  /** Says goodbye to the hub (DISCONNECT); at most a second, then cuts. Never throws. */
  close(): Promise<void>;
  /** Cuts without a goodbye, as a lost network does. */
  drop(): void;
}
