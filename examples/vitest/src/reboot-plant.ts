import type { Client, Registry } from 'azure-iothub';

export interface Rebooted {
  readonly deviceId: string;
  /** The status of the method. */
  readonly outcome: number | 'unreachable';
}

/** Reboots every device of a plant, one after the other, and notes in the twin of each when that was. */
export async function rebootPlant(
  { registry, client }: { registry: Registry; client: Client },
  plant: string,
): Promise<Rebooted[]> {
  const query = registry.createQuery(`SELECT * FROM devices WHERE tags.plant = '${plant}'`);
  const rebooted: Rebooted[] = [];
  while (query.hasMoreResults) {
    const { result: twins } = await query.nextAsTwin();
    for (const { deviceId } of twins) rebooted.push({ deviceId, outcome: await reboot(client, deviceId) });
  }
  for (const { deviceId, outcome } of rebooted) {
    if (outcome === 200) await registry.updateTwin(deviceId, { tags: { lastReboot: new Date().toISOString() } }, '*');
  }
  return rebooted.sort((a, b) => a.deviceId.localeCompare(b.deviceId));
}

async function reboot(client: Client, deviceId: string): Promise<Rebooted['outcome']> {
  try {
    const params = { methodName: 'rebootDevice', responseTimeoutInSeconds: 10 };
    const { result } = await client.invokeDeviceMethod(deviceId, params);
    return (result as { status: number }).status;
  } catch {
    return 'unreachable';
  }
}
