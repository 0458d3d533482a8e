import { findRunningHub } from '../../config/index.ts';
import { ProgramError } from '../../terminal/index.ts';
import { type Check, type Finding, found, type Outcome } from './finding.ts';

/** Which settings there are and where each comes from. */
export const checkSettings: Check = async ({ console }): Promise<Outcome> => {
  try {
    const settings = console.settings();
    const { sources, tandemHome } = settings;
    const running = await findRunningHub(tandemHome);
    const details = {
      IOTHUB_CONNECTION_STRING: sources.serviceConnectionString ?? null,
      IOTHUB_DEVICE_CONNECTION_STRING: sources.deviceConnectionString ?? null,
      IOTHUB_DEVICE_ID: sources.deviceId,
      TANDEM_HOME: `${tandemHome} (${sources.tandemHome})`,
      hub: settings.hub ?? null,
      localHub: running === undefined ? null : `${running.hostName}:${running.httpsPort}`,
    };
    return found({ ...judge(details), check: 'settings', details }, { settings });
  } catch (error) {
    const { message, hint } = error instanceof ProgramError ? error : { message: String(error), hint: undefined };
    return found({
      check: 'settings',
      status: 'failed',
      message,
      exit: 'wrongCall',
      ...(hint === undefined ? {} : { fix: hint }),
    });
  }
};

interface Settled {
  readonly IOTHUB_CONNECTION_STRING: string | null;
  readonly IOTHUB_DEVICE_CONNECTION_STRING: string | null;
  readonly TANDEM_HOME: string;
  readonly hub: 'local' | null;
  readonly localHub: string | null;
}

function judge(settled: Settled): Pick<Finding, 'status' | 'message' | 'fix' | 'exit'> {
  const { IOTHUB_CONNECTION_STRING: service, IOTHUB_DEVICE_CONNECTION_STRING: device, localHub, hub } = settled;
  if (service !== null && hub === null) {
    const beside = device === null ? '' : `; the device connection string comes from ${device}`;
    return { status: 'ok', message: `the hub comes from ${service}${beside}` };
  }
  if (device !== null && hub === null) {
    return {
      status: 'failed',
      message: `only a device connection string is set (${device}): hub-admin needs a service connection string`,
      fix: 'set IOTHUB_CONNECTION_STRING to the string of a shared access policy of the hub',
      exit: 'wrongCall',
    };
  }
  if (localHub !== null) {
    const why = hub === null ? 'no connection string is set' : '--hub local';
    return { status: 'ok', message: `${why}: the local hub at ${localHub} is used` };
  }
  return {
    status: 'failed',
    message: `no settings: IOTHUB_CONNECTION_STRING is not set, neither in the environment nor in .env, and no local hub runs for ${settled.TANDEM_HOME}`,
    fix: 'start a local hub (hub-admin hub --detach), or set IOTHUB_CONNECTION_STRING to the string of a shared access policy of your hub',
    exit: 'noHub',
  };
}
