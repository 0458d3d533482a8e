import type { ExitName } from '../terminal/index.ts';

/** The codes of our own errors: what `error.code` says with `-o json` where the hub has no code of its own. */
export const PROGRAM_CODES = {
  WrongCall: own(
    'wrongCall',
    'The call was wrong: an option, a value, a file, a connection string.',
    'Read the message; every command has --help.',
  ),
  CommandNotFound: own('wrongCall', 'The command of hub exec could not be started.', 'Check its name and PATH.'),
  NoHub: own(
    'noHub',
    'No hub is configured, and no local one runs.',
    'Start one with: hub-admin hub --detach; or set IOTHUB_CONNECTION_STRING.',
  ),
  NoAnswer: own(
    'noHub',
    'The hub did not answer in time.',
    'Check the network; a firewall or a proxy may be in the way.',
  ),
  HubUnreachable: own(
    'noHub',
    "The hub could not be reached. The system's own code (ENOTFOUND, ECONNREFUSED …) stands in its place when there is one.",
    'Check HostName, the port and the network.',
  ),
  HubAlreadyRunning: own(
    'failed',
    'A local hub runs for this TANDEM_HOME already.',
    'Use it, stop it with hub-admin hub stop, or set TANDEM_HOME to another folder.',
  ),
  HubNotStarted: own('failed', 'The local hub did not come up.', 'Read the message, and hub.log in TANDEM_HOME.'),
  HubNotStopped: own('timedOut', 'The local hub was asked to stop and still runs.', 'End its process.'),
  PortUnavailable: own(
    'failed',
    'A port that was asked for cannot be opened.',
    'Stop the program that has it, or choose another one.',
  ),
  ConnectionLost: own(
    'noHub',
    'The connection to the hub ended before what was asked for was done.',
    'Check the network, and try again.',
  ),
  ConnectionRefused: own(
    'noHub',
    'Nothing listens at the port of the hub.',
    'Check that the hub runs, its name and its port.',
  ),
  HostNotFound: own('noHub', 'The name of the hub cannot be looked up.', 'Check HostName in the connection string.'),
  HubUnavailable: own('noHub', 'The hub takes no connections now.', 'Try again later.'),
  UntrustedCertificate: own(
    'noHub',
    'The certificate of the hub is signed by nobody this machine trusts, or is for another name.',
    'Trust its authority (NODE_EXTRA_CA_CERTS), or look closer with: hub-admin doctor',
  ),
  Rejected: own('deviceFailed', 'The device rejected the cloud-to-device message.', 'Look at what the device tells.'),
  Expired: own(
    'timedOut',
    'The cloud-to-device message expired before the device took it.',
    'Send it again while the device is connected, or with a longer --expires-in.',
  ),
  DeliveryCountExceeded: own(
    'deviceFailed',
    'The device gave the cloud-to-device message back too often.',
    'Look at what the device tells.',
  ),
  Purged: own('failed', 'The queue of the device was emptied before it took the message.', 'Send it again.'),
  NoFeedback: own(
    'timedOut',
    'The feedback on a cloud-to-device message did not come in time.',
    'Look whether the device is connected; give it longer with --timeout.',
  ),
  NoTargets: own(
    'notFound',
    'No device was selected.',
    'Try the condition with hub-admin query; --allow-none makes this no error.',
  ),
  JobNotDone: own(
    'timedOut',
    'A job was not over in time, or had not come to a device when its time was up.',
    'Watch it with hub-admin job watch, or give it longer with --max-execution-time.',
  ),
  JobCancelled: own('failed', 'A job was cancelled before it began.', 'Make another one.'),
  JobFailed: own('failed', 'A job failed.', 'Read its reason with hub-admin job show.'),
  NotConfirmed: own('failed', 'The question was not answered with yes.', 'Answer y, or give --yes.'),
  MethodFailed: own(
    'deviceFailed',
    'The device answered a direct method with a status of 400 or more.',
    'Read its answer; 404 often means that it does not have the method.',
  ),
  ConfigurationFailed: own(
    'deviceFailed',
    'The device reported status "Error" for the configuration.',
    'Read its reason, and set a valid configuration with a new configId.',
  ),
  NoRebootTime: own(
    'timedOut',
    'The device answered rebootDevice, but did not report a rebootTime in time.',
    'Give it longer with --timeout, or look at its twin.',
  ),
  NotReported: own(
    'timedOut',
    'The device did not report the desired values in time.',
    'See whether it is connected, and whether it reports these values at all.',
  ),
  ConditionNotMet: own(
    'timedOut',
    'The twin did not meet the condition in time.',
    'Look at the twin, or give it longer with --timeout.',
  ),
  NoKeys: own('failed', 'The device signs in with a certificate and has no keys.', 'Use its certificate.'),
  UnknownCode: own('notFound', 'There is no such code.', 'List them all with: hub-admin explain'),
  ConnectFailed: own(
    'failed',
    'The connection of a device stood, but could not be set up.',
    'Read the message; --verbose adds the cause.',
  ),
  SomeDevicesEnded: own(
    'failed',
    'Some devices of a fleet ended before the fleet was stopped.',
    'Each is listed with its reason.',
  ),
  MessagesNotSent: own(
    'someFailed',
    'Some messages of a recording could not be sent again.',
    'See why with -o ndjson.',
  ),
  ProvisioningUnreachable: own(
    'noHub',
    'The Device Provisioning Service could not be reached.',
    'Check its host name, the network, and whether a proxy is needed.',
  ),
  NoHubAssigned: own(
    'failed',
    'The Device Provisioning Service has assigned the device to no hub.',
    'Look at the enrollment and its allocation policy.',
  ),
  BadSeed: own(
    'wrongCall',
    'A seed file has a device that the hub refuses.',
    'Correct it: the message names the device.',
  ),
  UnreadableFile: own('wrongCall', 'A file that was named cannot be read.', 'Check its path and its permissions.'),
  Bug: own('failed', 'A fault of the program itself.', 'Report it with the command and what --verbose adds.'),
} as const satisfies Record<string, { exit: ExitName; meaning: string; remedy: string }>;

function own(exit: ExitName, meaning: string, remedy: string): { exit: ExitName; meaning: string; remedy: string } {
  return { exit, meaning, remedy };
}
