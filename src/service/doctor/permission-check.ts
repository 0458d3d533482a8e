import { randomUUID } from 'node:crypto';
import { askHub, type HubAnswer, type Question } from './ask-hub.ts';
import { type Check, type Finding, found, type Outcome, skipped } from './finding.ts';

/** What each permission is needed for. */
const NEEDED_FOR: Readonly<Record<string, string>> = {
  'registry read': 'device list, show, export',
  'registry write': 'device create, delete, import',
  'service connect': 'twins, queries, methods, send, monitor',
};

/** Nothing of it changes anything: there is no such device. */
function questions(): Question[] {
  const nobody = `hub-admin-doctor-${randomUUID()}`;
  return [
    { what: 'registry read', method: 'GET', path: '/statistics/devices' },
    { what: 'registry write', method: 'DELETE', path: `/devices/${nobody}` },
    { what: 'service connect', method: 'GET', path: `/twins/${nobody}` },
  ];
}

/** Whether the key is right, and what the policy may do. */
export const checkPermissions: Check = async ({ hub, reachable, console }): Promise<Outcome> => {
  if (hub === undefined || reachable !== true) return skipped('permissions', 'the hub cannot be asked');
  let answers: HubAnswer[];
  try {
    answers = await askHub(hub, questions(), console);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the hub cannot be asked over HTTPS: ${reason}`;
    return found({ check: 'key', status: 'failed', message, fix: 'check the network, and HTTPS_PROXY', exit: 'noHub' });
  }
  const name = hub.connection.sharedAccessKeyName;
  if (answers.every(({ code }) => code === 'IotHubUnauthorizedAccess')) {
    const message = `the hub refuses the key of policy "${name}", or does not know the policy`;
    const fix = `copy the connection string of the policy anew into ${hub.source}; a key may have been renewed. Check the clock, too`;
    return found({ check: 'key', status: 'failed', message, fix, exit: 'refused' }, { answers });
  }
  const refused = answers.filter(({ status }) => status === 401 || status === 403);
  const key: Finding = { check: 'key', status: 'ok', message: `the hub knows the key of policy "${name}"` };
  return { findings: [key, permissionFinding(name, refused)], learned: { answers } };
};

function permissionFinding(name: string, refused: readonly HubAnswer[]): Finding {
  const missing = refused.map(({ what }) => what);
  const all = Object.keys(NEEDED_FOR);
  const details = { granted: all.filter((what) => !missing.includes(what)), missing };
  if (missing.length === 0) return { check: 'permissions', status: 'ok', message: all.join(', '), details };
  const lost = missing.map((what) => `${what} (${NEEDED_FOR[what] ?? ''})`).join(', ');
  return {
    check: 'permissions',
    status: 'failed',
    message: `policy "${name}" lacks ${lost}`,
    fix: 'use the connection string of a policy that has them, iothubowner for all; or give this one the permissions ("Shared access policies" of the hub)',
    exit: 'refused',
    details,
  };
}
