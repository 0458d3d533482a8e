import { findServiceHub, parseDeviceConnectionString, type Settings } from '../../config/index.ts';
import { ProgramError } from '../../terminal/index.ts';
import { type Check, type Finding, type Outcome, skipped } from './finding.ts';

/** Whether the connection strings can be read, and which policy and device they are for. */
export const checkConnectionStrings: Check = async ({ settings }): Promise<Outcome> => {
  if (settings === undefined) return skipped('connection string', 'the settings could not be read');
  const device = deviceFinding(settings);
  try {
    const hub = await findServiceHub(settings);
    const { hostName, sharedAccessKeyName } = hub.connection;
    const { httpsPort, mqttPort, amqpPort, local } = hub.address;
    const service: Finding = {
      check: 'connection string',
      status: 'ok',
      message: `policy "${sharedAccessKeyName}" of ${hostName}${local ? ', the local hub' : ''}`,
      details: { hostName, sharedAccessKeyName, local, httpsPort, mqttPort, amqpPort },
    };
    return { findings: [service, ...device], learned: { hub } };
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    // That there is none is what the settings have said already.
    if (error.exit === 'noHub' || settings.serviceConnectionString === undefined) {
      return { findings: [...skipped('connection string', 'there is none').findings, ...device] };
    }
    return { findings: [malformed('connection string', error), ...device] };
  }
};

function deviceFinding({ deviceConnectionString, sources, hub }: Settings): Finding[] {
  if (deviceConnectionString === undefined || hub === 'local') return [];
  const check = 'device connection string';
  try {
    const source = sources.deviceConnectionString ?? 'IOTHUB_DEVICE_CONNECTION_STRING';
    const { deviceId, hostName } = parseDeviceConnectionString(deviceConnectionString, source);
    return [{ check, status: 'ok', message: `device "${deviceId}" of ${hostName}`, details: { deviceId, hostName } }];
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return [malformed(check, error)];
  }
}

function malformed(check: string, { message, hint }: ProgramError): Finding {
  return { check, status: 'failed', message, exit: 'wrongCall', ...(hint === undefined ? {} : { fix: hint }) };
}
