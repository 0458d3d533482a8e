import type { ExitName } from '../terminal/index.ts';

/** What one of the hub's codes means to the person who met it. */
export interface CodeMeaning {
  /** The six digits of error bodies and logs; the first three are the HTTP status. */
  readonly number: number;
  readonly exit: ExitName;
  readonly meaning: string;
  /** What to do next. */
  readonly remedy: string;
}

/**
 * The hub's codes by name: what `explain` prints and what our own errors say, from one table.
 *
 * @see service-protocol.md, 3.5; device-protocol.md, 11.2
 */
export const SERVICE_CODES = {
  GenericBadRequest: code(
    400000,
    'wrongCall',
    'The request was malformed in a way that has no code of its own.',
    'Read the message: it says which part was refused.',
  ),
  InvalidProtocolVersion: code(
    400001,
    'wrongCall',
    'The api-version of the request is missing or unknown to this hub.',
    'Update the SDK or the tool that sent it.',
  ),
  InvalidOperation: code(
    400003,
    'wrongCall',
    'The operation is not possible here, for instance a topic or an operation the hub does not have.',
    'Read the message, and compare the operation with the documentation of its protocol.',
  ),
  ArgumentInvalid: code(
    400004,
    'wrongCall',
    'A value in the request is outside what the hub accepts: a malformed query, a bad property name, a section over its limit.',
    'Read the message: it names the value and the limit.',
  ),
  ArgumentNull: code(
    400005,
    'wrongCall',
    'A value the hub needs is missing.',
    'Send the member that the message names.',
  ),
  IotHubFormatError: code(
    400006,
    'wrongCall',
    'The body could not be read as what it claims to be.',
    'Send well-formed JSON, encoded in UTF-8.',
  ),
  DeviceDefinedMultipleTimes: code(
    400011,
    'wrongCall',
    'A bulk request names the same device twice.',
    'Remove the duplicates and send it again.',
  ),
  DeserializationError: code(
    400012,
    'wrongCall',
    'The JSON does not have the shape of the object it stands for.',
    'Compare it with what the hub returns for an object of that kind.',
  ),
  BulkRegistryOperationFailure: code(
    400013,
    'failed',
    'Some devices of a bulk request were refused.',
    'Each one is listed with its own reason: mend those and send them again.',
  ),
  DefaultStorageEndpointNotConfigured: code(
    400014,
    'failed',
    'File upload needs a storage container, and the hub has none.',
    'Configure file upload of the hub.',
  ),
  InvalidFileUploadCorrelationId: code(
    400015,
    'wrongCall',
    'The correlation id of a file upload is unknown.',
    'Ask for a new upload first; each id is good for one upload.',
  ),
  ExpiredFileUploadCorrelationId: code(
    400016,
    'failed',
    'The correlation id of a file upload has expired.',
    'Ask for a new upload, and finish it sooner.',
  ),
  EtagDoesNotMatch: code(
    400023,
    'failed',
    'Somebody else changed the thing in between.',
    'Read it again and repeat the change.',
  ),
  ConnectionForcefullyClosedOnNewConnection: code(
    400027,
    'failed',
    'Another client connected with the same device id, and the hub keeps only the newest connection.',
    'Give every running device an id of its own.',
  ),
  InvalidDeviceScope: code(
    400028,
    'wrongCall',
    'The device scope names no edge device.',
    'Copy the deviceScope of the parent edge device.',
  ),
  CannotRegisterModuleToModule: code(
    400301,
    'wrongCall',
    'A module cannot have modules.',
    'Register it on the device.',
  ),
  InvalidConfigurationTargetCondition: code(
    400401,
    'wrongCall',
    'The target condition of a configuration is no valid condition.',
    'Try the condition with hub-admin query first.',
  ),
  InvalidConfigurationContent: code(
    400402,
    'wrongCall',
    'The content of a configuration is not valid.',
    'deviceContent wants paths that start with properties.desired.',
  ),
  CannotModifyImmutableConfigurationContent: code(
    400403,
    'wrongCall',
    'The content of a configuration cannot be changed.',
    'Create a configuration with a higher priority, and delete the old one.',
  ),
  InvalidConfigurationCustomMetricsQuery: code(
    400404,
    'wrongCall',
    'A metric of a configuration is no valid query.',
    'Try the query with hub-admin query first.',
  ),
  IotHubNotFound: code(401001, 'noHub', 'There is no hub of this name.', 'Check HostName in the connection string.'),
  IotHubUnauthorizedAccess: code(
    401002,
    'refused',
    'The hub did not accept the credentials: a wrong or renewed key, an expired token, an unknown policy.',
    'Take a fresh connection string from the hub, and check the clock of this machine.',
  ),
  IotHubUnauthorized: code(
    401003,
    'refused',
    'The credentials are good, but they do not permit this operation.',
    'Use a policy with the permission: registryReadWrite for identities, service for twins and methods, iothubowner for all.',
  ),
  IotHubSuspended: code(
    403001,
    'refused',
    'The hub is suspended.',
    'Look at the hub and its subscription in the portal.',
  ),
  IotHubQuotaExceeded: code(
    403002,
    'failed',
    "The hub's messages of the day are used up.",
    'Wait until midnight UTC, or add units.',
  ),
  JobQuotaExceeded: code(403003, 'failed', 'Too many jobs run or are kept.', 'Wait for one to end, or cancel one.'),
  DeviceMaximumQueueDepthExceeded: code(
    403004,
    'failed',
    'The device has 50 cloud-to-device messages waiting, the most it can have.',
    'Let the device receive them, or purge its queue.',
  ),
  DeviceMaximumCbsTokensExceeded: code(
    403005,
    'failed',
    'One AMQP connection authenticated too many devices.',
    'Spread the devices over several connections.',
  ),
  DeviceMaximumActiveFileUploadLimitExceeded: code(
    403006,
    'failed',
    'The device has 10 file uploads open, the most it can have.',
    'Finish or fail the open ones.',
  ),
  InvalidMessageExpiryTime: code(
    403009,
    'wrongCall',
    'The expiry of a message is in the past or too far in the future.',
    'Choose one from now to two days ahead.',
  ),
  OperationNotAvailableInCurrentTier: code(
    403010,
    'failed',
    "The hub's tier does not have this operation: twins, methods and cloud-to-device messages need a standard tier.",
    'Use a hub of tier F1, S1, S2 or S3.',
  ),
  DeviceDisabled: code(403012, 'refused', 'The device is disabled.', 'Enable it: hub-admin device enable <deviceId>'),
  DeviceMaximumInflightMethodExceeded: code(
    403800,
    'failed',
    'Too many direct methods wait for this device at once.',
    'Wait for some to be answered.',
  ),
  NotFound: code(
    404000,
    'notFound',
    'There is nothing at this address.',
    'Check the id, and that the hub has this operation.',
  ),
  DeviceNotFound: code(
    404001,
    'notFound',
    'There is no such device (devices see this answer when they are disabled, too).',
    'List them: hub-admin device list; or create it: hub-admin device create <deviceId>',
  ),
  JobNotFound: code(404002, 'notFound', 'There is no such job.', 'Check its id; jobs are kept for 30 days.'),
  AmqpAddressNotFound: code(
    404006,
    'notFound',
    'There is nothing at this AMQP address.',
    'Check the link address and the device id in it.',
  ),
  ModuleNotFound: code(
    404010,
    'notFound',
    'There is no such module on this device.',
    'Check the module id; it is case-sensitive.',
  ),
  DeviceNotOnline: code(
    404103,
    'notConnected',
    'The device is not connected, or does not listen for direct methods.',
    `Start it, or wait for it: hub-admin wait <deviceId> "connectionState = 'Connected'".`,
  ),
  DeviceConnectionClosedRemotely: code(
    404104,
    'notConnected',
    'The connection of the device ended before it answered.',
    'Look why it went away, then try again.',
  ),
  ConfigurationNotFound: code(404301, 'notFound', 'There is no such configuration.', 'Check its id.'),
  OperationNotAllowedInCurrentState: code(
    405102,
    'failed',
    'The thing is in a state that does not allow this.',
    'Look at its status first.',
  ),
  DeviceAlreadyExists: code(
    409001,
    'failed',
    'There is a device of this id already.',
    'Use another id, or change the existing one.',
  ),
  LinkCreationConflict: code(
    409002,
    'failed',
    'The device has a link or a connection of this kind already; the hub keeps the newest.',
    'Give every running device an id of its own.',
  ),
  DeviceJobAlreadyExists: code(
    409103,
    'failed',
    'The device is in another job already.',
    'Wait for that job, or cancel it.',
  ),
  JobAlreadyExists: code(409104, 'failed', 'There is a job of this id already.', 'Choose another job id.'),
  ModuleAlreadyExistsOnDevice: code(
    409301,
    'failed',
    'The device has a module of this id already.',
    'Use another module id.',
  ),
  ConfigurationAlreadyExists: code(
    409401,
    'failed',
    'There is a configuration of this id already.',
    'Choose another id, or delete the old one.',
  ),
  ApplyConfigurationAlreadyInProgressOnDevice: code(
    409402,
    'failed',
    'Another configuration is being applied to the device.',
    'Wait a moment and try again.',
  ),
  PreconditionFailed: code(
    412001,
    'failed',
    'Somebody else changed the thing in between: the etag is stale.',
    'Read it again and repeat the change.',
  ),
  DeviceMessageLockLost: code(
    412002,
    'failed',
    'The lock on a message ran out before it was settled.',
    'Settle messages sooner; it will be delivered again.',
  ),
  JobRunPreconditionFailed: code(
    412003,
    'failed',
    'The conditions for running the job were not met.',
    'Look at the job and its target condition.',
  ),
  MessageTooLarge: code(
    413001,
    'failed',
    'The message or the body is over its limit: 256 KB for telemetry, 64 KB to a device, 128 KB for a method.',
    'Send less, or split it.',
  ),
  TooManyDevices: code(
    413002,
    'failed',
    'More devices than one request or one hub may have.',
    'Send at most 100 a request.',
  ),
  TooManyModulesOnDevice: code(
    413003,
    'failed',
    'The device has 50 modules, the most it can have.',
    'Delete one first.',
  ),
  ConfigurationCountLimitExceeded: code(
    413101,
    'failed',
    'The hub has the most configurations it can have.',
    'Delete one first.',
  ),
  GenericUnsupportedMediaType: code(
    415000,
    'wrongCall',
    'The content type of the request is not accepted.',
    'Send application/json; charset=utf-8.',
  ),
  GenericTooManyRequests: code(429000, 'failed', 'Too many requests.', 'Wait, and send fewer at once (--concurrency).'),
  ThrottlingException: code(
    429001,
    'failed',
    'The hub throttles: more requests than its tier and units allow.',
    'Wait, send fewer at once (--concurrency), or add units.',
  ),
  ThrottleBacklogLimitExceeded: code(
    429002,
    'failed',
    'Too many throttled requests wait already.',
    'Wait, and send fewer at once (--concurrency).',
  ),
  ThrottlingBacklogTimeout: code(
    429003,
    'failed',
    'A throttled request waited too long.',
    'Wait, and send fewer at once (--concurrency).',
  ),
  ThrottlingMaxActiveJobCountExceeded: code(
    429004,
    'failed',
    'Too many jobs are active at once.',
    'Wait for one to end.',
  ),
  DeviceThrottlingLimitExceeded: code(
    429005,
    'failed',
    'This one device sends or asks more than it may.',
    'Slow it down.',
  ),
  ServerError: code(
    500001,
    'failed',
    'Something failed inside the hub.',
    'Try again; if it stays, report it with the tracking id.',
  ),
  GenericTimeout: code(500008, 'timedOut', 'The hub did not finish in time.', 'Try again.'),
  BadDeviceResponse: code(
    502000,
    'deviceFailed',
    'The device sent an answer the hub could not read.',
    'Look at what the device answers: it must be JSON.',
  ),
  ServiceUnavailable: code(503001, 'failed', 'The hub is not available at the moment.', 'Try again in a while.'),
  ServerBusy: code(503005, 'failed', 'The hub is busy.', 'Try again in a while.'),
  GatewayTimeout: code(
    504101,
    'timedOut',
    'The device did not answer the direct method in time.',
    'Give it longer with --timeout, or look why it does not answer.',
  ),
} as const satisfies Record<string, CodeMeaning>;

function code(number: number, exit: ExitName, meaning: string, remedy: string): CodeMeaning {
  return { number, exit, meaning, remedy };
}

const BY_NAME: ReadonlyMap<string, CodeMeaning> = new Map(Object.entries(SERVICE_CODES));
/** 502000 is called by two names in the wild. */
const ALIASES: ReadonlyMap<string, string> = new Map([['GenericBadGateway', 'BadDeviceResponse']]);

/** The meaning of a code by its name, as the hub spells it. */
export function findCodeByName(name: string): CodeMeaning | undefined {
  return BY_NAME.get(ALIASES.get(name) ?? name);
}

/** The name of a code by its number. */
export function findCodeName(number: number): string | undefined {
  for (const [name, meaning] of BY_NAME) if (meaning.number === number) return name;
  return undefined;
}
