import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Check, found, skipped } from './finding.ts';

/** Whether the name of the hub leads to an address. */
export const checkDns: Check = async ({ hub, proxied }) => {
  if (hub === undefined) return skipped('dns', 'no hub is known');
  const { hostName } = hub.address;
  if (isIP(hostName) !== 0)
    return found({ check: 'dns', status: 'ok', message: `${hostName} is an address` }, { resolved: true });
  try {
    const addresses = (await lookup(hostName, { all: true })).map(({ address }) => address);
    const details = { addresses };
    return found(
      { check: 'dns', status: 'ok', message: `${hostName} is ${addresses.join(', ')}`, details },
      { resolved: true },
    );
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const message = `${hostName} cannot be looked up (${String(code)})`;
    if (proxied === true) {
      return found(
        { check: 'dns', status: 'warning', message: `${message}; the proxy may know it` },
        { resolved: true },
      );
    }
    return found(
      {
        check: 'dns',
        status: 'failed',
        message,
        fix:
          code === 'ENOTFOUND'
            ? `compare HostName in ${hub.source} with the hub's name in the portal: <name>.azure-devices.net`
            : 'check the network and its name server',
        exit: 'noHub',
      },
      { resolved: false },
    );
  }
};
