import type { LoggedEvent } from '../../src/hub/model/event.ts';
import type { TestHub } from './hub.ts';

/** The events of a device until now, in order; by default its telemetry. */
export async function eventsOf(hub: TestHub, deviceId: string, source = 'Telemetry'): Promise<LoggedEvent[]> {
  await new Promise((resolve) => setImmediate(resolve)); // behind the write of this moment
  const { eventLog } = hub.server.hub;
  const all = eventLog.partitionIds.flatMap(
    (id) => eventLog.openReader(id, { kind: 'earliest' })?.read(Infinity) ?? [],
  );
  return all.filter(
    ({ annotations }) =>
      annotations['iothub-connection-device-id'] === deviceId && annotations['iothub-message-source'] === source,
  );
}
