import type { CommandHost } from './command.ts';

/** One command: what the list of commands shows of it, and the file that has the rest. */
export interface CommandEntry {
  readonly name: string;
  /** The first sentence of its help. */
  readonly says: string;
  /** What its group does when no command of it is named. */
  readonly isDefault?: boolean;
  /** Loaded when the command is named, because a file that is not needed costs every start of the program. */
  readonly load: () => Promise<(host: CommandHost) => void>;
}

export interface GroupEntry {
  readonly name: string;
  readonly says: string;
  readonly commands: readonly CommandEntry[];
}

/** All that hub-admin can do, in the order of its help. */
export const COMMAND_TABLE: readonly (CommandEntry | GroupEntry)[] = [
  {
    name: 'reboot',
    says: 'Reboot a device, and wait until it reports that it is back.',
    load: async () => (await import('./commands/reboot.ts')).addReboot,
  },
  {
    name: 'invoke',
    says: 'Invoke a direct method of a device and show its answer.',
    load: async () => (await import('./commands/invoke.ts')).addInvoke,
  },
  {
    name: 'tag',
    says: 'Set or remove tags of a device, leaving the others as they are.',
    load: async () => (await import('./commands/tag.ts')).addTag,
  },
  {
    name: 'set-desired',
    says: 'Set or remove desired properties of a device, leaving the others as they are.',
    load: async () => (await import('./commands/set-desired.ts')).addSetDesired,
  },
  {
    name: 'query',
    says: 'Query the devices in the IoT Hub query language; a bare condition is enough, and nothing means all devices.',
    load: async () => (await import('./commands/query.ts')).addQuery,
  },
  {
    name: 'wait',
    says: 'Wait until the twin of a device meets an IoT Hub condition: exit 0 then, or 6 when the time is up.',
    load: async () => (await import('./commands/wait.ts')).addWait,
  },
  {
    name: 'send',
    says: 'Send a cloud-to-device message; it waits in the queue of the device until that takes it.',
    load: async () => (await import('./commands/send.ts')).addSend,
  },
  {
    name: 'monitor',
    says: 'Show what happens in the hub as it happens: telemetry, twin changes, devices that come, go and connect.',
    load: async () => (await import('./commands/monitor.ts')).addMonitor,
  },
  {
    name: 'twin',
    says: 'Show and change device twins.',
    commands: [
      {
        name: 'show',
        says: 'Show the twin of a device: tags, desired and reported properties.',
        load: async () => (await import('./commands/twin-show.ts')).addTwinShow,
      },
      {
        name: 'patch',
        says: 'Change tags and desired properties of a device in one guarded update.',
        load: async () => (await import('./commands/twin-patch.ts')).addTwinPatch,
      },
      {
        name: 'replace',
        says: 'Replace the tags or the desired properties of a device, whole sections at a time.',
        load: async () => (await import('./commands/twin-patch.ts')).addTwinReplace,
      },
      {
        name: 'diff',
        says: 'Compare desired with reported properties, value by value, with versions and times.',
        load: async () => (await import('./commands/twin-diff.ts')).addTwinDiff,
      },
      {
        name: 'watch',
        says: 'Show every change of a twin as it happens: tags, desired and reported properties, connection.',
        load: async () => (await import('./commands/twin-watch.ts')).addTwinWatch,
      },
    ],
  },
  {
    name: 'device',
    says: 'Register, list, change and remove devices.',
    commands: [
      {
        name: 'create',
        says: 'Register devices, with new keys or with a certificate.',
        load: async () => (await import('./commands/device-create.ts')).addDeviceCreate,
      },
      {
        name: 'list',
        says: 'List the devices of the hub, their keys masked.',
        load: async () => (await import('./commands/device-list.ts')).addDeviceList,
      },
      {
        name: 'show',
        says: 'Show the identity of a device, its keys masked.',
        load: async () => (await import('./commands/device-show.ts')).addDeviceShow,
      },
      {
        name: 'enable',
        says: 'Let a device connect again.',
        load: async () => (await import('./commands/device-change.ts')).addDeviceEnable,
      },
      {
        name: 'disable',
        says: 'Disconnect a device and refuse it from now on; its twin stays.',
        load: async () => (await import('./commands/device-change.ts')).addDeviceDisable,
      },
      {
        name: 'delete',
        says: 'Delete a device with its twin and its queue; it asks first, or wants --yes.',
        load: async () => (await import('./commands/device-delete.ts')).addDeviceDelete,
      },
      {
        name: 'renew-keys',
        says: 'Give a device new keys; the old ones stop working at once.',
        load: async () => (await import('./commands/device-change.ts')).addDeviceRenewKeys,
      },
      {
        name: 'connection-string',
        says: 'Print the connection string of a device; it holds the key, so mind where it goes.',
        load: async () => (await import('./commands/device-connection-string.ts')).addDeviceConnectionString,
      },
      {
        name: 'import',
        says: 'Register devices from a file: what device export writes, NDJSON, a JSON array, or CSV with deviceId.',
        load: async () => (await import('./commands/device-import.ts')).addDeviceImport,
      },
      {
        name: 'export',
        says: 'Write the devices with tags and desired properties as NDJSON that device import reads back.',
        load: async () => (await import('./commands/device-export.ts')).addDeviceExport,
      },
    ],
  },
  {
    name: 'job',
    says: 'Operations that the hub carries out on many devices, now or later.',
    commands: [
      {
        name: 'reboot',
        says: 'Reboot devices by a job of the hub; each is done when it has answered.',
        load: async () => (await import('./commands/job-schedule.ts')).addJobReboot,
      },
      {
        name: 'invoke',
        says: 'Invoke a direct method of devices by a job of the hub.',
        load: async () => (await import('./commands/job-schedule.ts')).addJobInvoke,
      },
      {
        name: 'tag',
        says: 'Set or remove tags of devices by a job of the hub.',
        load: async () => (await import('./commands/job-schedule.ts')).addJobTag,
      },
      {
        name: 'set-desired',
        says: 'Set or remove desired properties of devices by a job of the hub.',
        load: async () => (await import('./commands/job-schedule.ts')).addJobSetDesired,
      },
      {
        name: 'list',
        says: 'List the jobs that the hub remembers, which is those of the last 30 days.',
        load: async () => (await import('./commands/job-list.ts')).addJobList,
      },
      {
        name: 'show',
        says: 'Show a job, and how it went on each device so far.',
        load: async () => (await import('./commands/job-show.ts')).addJobShow,
      },
      {
        name: 'watch',
        says: 'Wait until a job is over and show what became of each device; the exit code follows, 8 when some failed.',
        load: async () => (await import('./commands/job-show.ts')).addJobWatch,
      },
      {
        name: 'cancel',
        says: 'Cancel a job that has not begun.',
        load: async () => (await import('./commands/job-show.ts')).addJobCancel,
      },
    ],
  },
  {
    name: 'configuration',
    says: 'Have the hub set desired properties on devices that meet a condition.',
    commands: [
      {
        name: 'create',
        says: 'Have the hub set desired properties on every device that meets a condition, now and later.',
        load: async () => (await import('./commands/configuration-create.ts')).addConfigurationCreate,
      },
      {
        name: 'list',
        says: 'List the configurations of the hub, the one that wins first, and how many devices have each.',
        load: async () => (await import('./commands/configuration-list.ts')).addConfigurationList,
      },
      {
        name: 'show',
        says: 'Show a configuration: whom it targets, what it sets, how many devices have it.',
        load: async () => (await import('./commands/configuration-show.ts')).addConfigurationShow,
      },
      {
        name: 'delete',
        says: 'Delete a configuration: the hub takes what it set away from the devices; it asks first, or wants --yes.',
        load: async () => (await import('./commands/configuration-delete.ts')).addConfigurationDelete,
      },
    ],
  },
  {
    name: 'hub',
    says: 'Start, stop and use the local hub; start is the default.',
    commands: [
      {
        name: 'start',
        says: 'Start the local hub of TANDEM_HOME, in the foreground unless --detach.',
        isDefault: true,
        load: async () => (await import('./commands/hub-start.ts')).addHubStart,
      },
      {
        name: 'status',
        says: 'Say whether a local hub runs for TANDEM_HOME, and where: exit 0 when it does, 9 when not.',
        load: async () => (await import('./commands/hub-status.ts')).addHubStatus,
      },
      {
        name: 'stop',
        says: 'Stop the local hub of TANDEM_HOME, and wait until it is gone.',
        load: async () => (await import('./commands/hub-stop.ts')).addHubStop,
      },
      {
        name: 'env',
        says: 'Print what a program needs in its environment to use the local hub, keys and certificates included.',
        load: async () => (await import('./commands/hub-env.ts')).addHubEnv,
      },
      {
        name: 'reset',
        says: 'Make the local hub of TANDEM_HOME forget all but its keys and certificates; it asks first, or wants --yes.',
        load: async () => (await import('./commands/hub-reset.ts')).addHubReset,
      },
      {
        name: 'exec',
        says: "Run a command against a fresh hub of its own, gone when the command ends; the exit code is the command's.",
        load: async () => (await import('./commands/hub-exec.ts')).addHubExec,
      },
      {
        name: 'clock',
        says: 'Show the time of the local hub, or move it ahead for a test; show is the default.',
        load: async () => (await import('./commands/hub-clock.ts')).addHubClock,
      },
      {
        name: 'ca',
        says: 'The authorities whose device certificates the local hub takes: list (the default), add, verify, remove.',
        load: async () => (await import('./commands/hub-ca.ts')).addHubCa,
      },
    ],
  },
  {
    name: 'explain',
    says: 'Explain a code of the hub or of these programs, and what to do about it; all of them when none is named.',
    load: async () => (await import('./commands/explain.ts')).addExplain,
  },
  {
    name: 'doctor',
    says: 'Look for what is wrong between here and the hub: settings, network, certificate, key, permissions, clock.',
    load: async () => (await import('./commands/doctor.ts')).addDoctor,
  },
  {
    name: 'completion',
    says: 'Print a script that lets the shell complete commands, flags and device ids of hub-admin.',
    load: async () => (await import('./commands/completion.ts')).addCompletion,
  },
];
