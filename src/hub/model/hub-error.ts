import type { JsonObject } from './json.ts';

/**
 * What the hub refuses, by IoT Hub's own code names.
 *
 * `number` is the six-digit code of the error bodies, `status` the HTTP status it travels with.
 * @see service-protocol.md, "Errors", 3.5
 */
export const HUB_ERRORS = {
  GenericBadRequest: { number: 400000, status: 400 },
  InvalidProtocolVersion: { number: 400001, status: 400 },
  InvalidOperation: { number: 400003, status: 400 },
  ArgumentInvalid: { number: 400004, status: 400 },
  ArgumentNull: { number: 400005, status: 400 },
  IotHubFormatError: { number: 400006, status: 400 },
  DeviceDefinedMultipleTimes: { number: 400011, status: 400 },
  DeserializationError: { number: 400012, status: 400 },
  BulkRegistryOperationFailure: { number: 400013, status: 400 },
  DefaultStorageEndpointNotConfigured: { number: 400014, status: 400 },
  InvalidFileUploadCorrelationId: { number: 400015, status: 400 },
  ExpiredFileUploadCorrelationId: { number: 400016, status: 400 },
  InvalidDeviceScope: { number: 400028, status: 400 },
  CannotRegisterModuleToModule: { number: 400301, status: 400 },
  InvalidConfigurationTargetCondition: { number: 400401, status: 400 },
  InvalidConfigurationContent: { number: 400402, status: 400 },
  CannotModifyImmutableConfigurationContent: { number: 400403, status: 400 },
  InvalidConfigurationCustomMetricsQuery: { number: 400404, status: 400 },
  IotHubUnauthorizedAccess: { number: 401002, status: 401 },
  IotHubUnauthorized: { number: 401003, status: 401 },
  IotHubQuotaExceeded: { number: 403002, status: 403 },
  JobQuotaExceeded: { number: 403003, status: 403 },
  DeviceMaximumQueueDepthExceeded: { number: 403004, status: 403 },
  DeviceMaximumActiveFileUploadLimitExceeded: { number: 403006, status: 403 },
  InvalidMessageExpiryTime: { number: 403009, status: 403 },
  OperationNotAvailableInCurrentTier: { number: 403010, status: 403 },
  DeviceDisabled: { number: 403012, status: 403 },
  DeviceMaximumInflightMethodExceeded: { number: 403800, status: 403 },
  NotFound: { number: 404000, status: 404 },
  DeviceNotFound: { number: 404001, status: 404 },
  JobNotFound: { number: 404002, status: 404 },
  AmqpAddressNotFound: { number: 404006, status: 404 },
  ModuleNotFound: { number: 404010, status: 404 },
  DeviceNotOnline: { number: 404103, status: 404 },
  DeviceConnectionClosedRemotely: { number: 404104, status: 404 },
  ConfigurationNotFound: { number: 404301, status: 404 },
  OperationNotAllowedInCurrentState: { number: 405102, status: 405 },
  DeviceAlreadyExists: { number: 409001, status: 409 },
  LinkCreationConflict: { number: 409002, status: 409 },
  JobAlreadyExists: { number: 409104, status: 409 },
  ModuleAlreadyExistsOnDevice: { number: 409301, status: 409 },
  ConfigurationAlreadyExists: { number: 409401, status: 409 },
  PreconditionFailed: { number: 412001, status: 412 },
  DeviceMessageLockLost: { number: 412002, status: 412 },
  MessageTooLarge: { number: 413001, status: 413 },
  TooManyDevices: { number: 413002, status: 413 },
  TooManyModulesOnDevice: { number: 413003, status: 413 },
  ConfigurationCountLimitExceeded: { number: 413101, status: 413 },
  GenericUnsupportedMediaType: { number: 415000, status: 415 },
  ThrottlingException: { number: 429001, status: 429 },
  ThrottleBacklogLimitExceeded: { number: 429002, status: 429 },
  ThrottlingMaxActiveJobCountExceeded: { number: 429004, status: 429 },
  ServerError: { number: 500001, status: 500 },
  BadDeviceResponse: { number: 502000, status: 502 },
  ServiceUnavailable: { number: 503001, status: 503 },
  GatewayTimeout: { number: 504101, status: 504 },
} as const satisfies Record<string, { number: number; status: number }>;

export type HubErrorCode = keyof typeof HUB_ERRORS;

/** A refusal: expected, told to the caller in the words of its protocol, never logged as a fault of the hub. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: HubErrorCode;
  /** Members of the error body's `info`, e.g. `{timeout: "00:00:00"}` of a 404103. */
  readonly info: JsonObject | undefined;
  /** Seconds a throttled caller should wait; sent as `retry-after`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: HubErrorCode,
    message: string,
    options: { info?: JsonObject; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.info = options.info;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get number(): number {
    return HUB_ERRORS[this.code].number;
  }

  get status(): number {
    return HUB_ERRORS[this.code].status;
  }
}
