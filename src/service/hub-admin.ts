import { Command } from 'commander';
import { addExamples, type Program } from '../terminal/index.ts';
import { addGlobalOptions, type CommandHost, readGlobalOptions } from './command.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfigurationCreate } from './commands/configuration-create.ts';
import { addConfigurationDelete } from './commands/configuration-delete.ts';
import { addConfigurationList } from './commands/configuration-list.ts';
import { addConfigurationShow } from './commands/configuration-show.ts';
import { addDeviceConnectionString } from './commands/device-connection-string.ts';
import { addDeviceCreate } from './commands/device-create.ts';
import { addDeviceDelete } from './commands/device-delete.ts';
import { addDeviceDisable, addDeviceEnable, addDeviceRenewKeys } from './commands/device-change.ts';
import { addDeviceExport } from './commands/device-export.ts';
import { addDeviceImport } from './commands/device-import.ts';
import { addDeviceList } from './commands/device-list.ts';
import { addDeviceShow } from './commands/device-show.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExplain } from './commands/explain.ts';
import { addHubClock } from './commands/hub-clock.ts';
import { addHubEnv } from './commands/hub-env.ts';
import { addHubExec } from './commands/hub-exec.ts';
import { addHubReset } from './commands/hub-reset.ts';
import { addHubStart } from './commands/hub-start.ts';
import { addHubStatus } from './commands/hub-status.ts';
import { addHubStop } from './commands/hub-stop.ts';
import { addInvoke } from './commands/invoke.ts';
import { addMonitor } from './commands/monitor.ts';
import { addJobList } from './commands/job-list.ts';
import { addJobInvoke, addJobReboot, addJobSetDesired, addJobTag } from './commands/job-schedule.ts';
import { addJobCancel, addJobShow, addJobWatch } from './commands/job-show.ts';
import { addQuery } from './commands/query.ts';
import { addReboot } from './commands/reboot.ts';
import { addSend } from './commands/send.ts';
import { addSetDesired } from './commands/set-desired.ts';
import { addTag } from './commands/tag.ts';
import { addTwinDiff } from './commands/twin-diff.ts';
import { addTwinPatch, addTwinReplace } from './commands/twin-patch.ts';
import { addTwinShow } from './commands/twin-show.ts';
import { addTwinWatch } from './commands/twin-watch.ts';
import { addWait } from './commands/wait.ts';
import { Console } from './console.ts';

declare const TANDEM_VERSION: string | undefined;

type Add = (host: CommandHost) => void;

const COMMANDS: readonly Add[] = [addReboot, addInvoke, addTag, addSetDesired, addQuery, addWait, addSend, addMonitor];

const GROUPS: readonly { name: string; says: string; commands: readonly Add[] }[] = [
  {
    name: 'twin',
    says: 'Show and change device twins.',
    commands: [addTwinShow, addTwinPatch, addTwinReplace, addTwinDiff, addTwinWatch],
  },
  {
    name: 'device',
    says: 'Register, list, change and remove devices.',
    commands: [
      addDeviceCreate,
      addDeviceList,
      addDeviceShow,
      addDeviceEnable,
      addDeviceDisable,
      addDeviceDelete,
      addDeviceRenewKeys,
      addDeviceConnectionString,
      addDeviceImport,
      addDeviceExport,
    ],
  },
  {
    name: 'job',
    says: 'Operations that the hub carries out on many devices, now or later.',
    commands: [
      addJobReboot,
      addJobInvoke,
      addJobTag,
      addJobSetDesired,
      addJobList,
      addJobShow,
      addJobWatch,
      addJobCancel,
    ],
  },
  {
    name: 'configuration',
    says: 'Have the hub set desired properties on devices that meet a condition.',
    commands: [addConfigurationCreate, addConfigurationList, addConfigurationShow, addConfigurationDelete],
  },
  {
    name: 'hub',
    says: 'Start, stop and use the local hub; start is the default.',
    commands: [addHubStart, addHubStatus, addHubStop, addHubEnv, addHubReset, addHubExec, addHubClock],
  },
];

/** The whole command tree. Declaring it is cheap: what a command needs is loaded when it runs. */
export function declareHubAdmin(program: Program, world: { env: NodeJS.ProcessEnv; cwd: string }): Command {
  const root = addGlobalOptions(
    new Command('hub-admin')
      .description('The console of an Azure IoT hub, or of the local hub that comes with it.')
      .version(typeof TANDEM_VERSION === 'string' ? TANDEM_VERSION : '0.0.0-dev'),
  );
  addExamples(root, [
    'hub-admin hub --detach',
    'hub-admin reboot myDeviceId',
    `hub-admin query "tags.location.plant = 'Redmond43'"`,
  ]);
  const open = (): Console => new Console(program, readGlobalOptions(root), world);
  const hostOf = (parent: Command): CommandHost => ({ parent, program, open });
  for (const add of COMMANDS) add(hostOf(root));
  for (const { name, says, commands } of GROUPS) {
    const group = root.command(name).description(says);
    for (const add of commands) add(hostOf(group));
  }
  addExplain(hostOf(root));
  addDoctor(hostOf(root));
  addCompletion(hostOf(root));
  return root;
}
