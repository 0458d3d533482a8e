import { request } from 'node:https';
import { addSecret, findServiceHub, type ServiceHub } from '../../config/index.ts';
import { serviceAgent } from '../../sdk/service-agent.ts';
import { serviceToken } from '../../sdk/service-token.ts';
import type { Console } from '../console.ts';
import { quoteConstant } from '../query-text.ts';
import { readCache, writeCache } from './id-cache.ts';

/** Nobody waits longer for a suggestion. */
const TIMEOUT_MS = 1500;
const MAX_IDS = 500;
const API_VERSION = '2021-04-12';

/**
 * Ids of devices that begin so, from the hub or from what it said some seconds ago. Without the SDK, which takes longer to load
 * than the hub to answer.
 *
 * @throws whatever keeps it from finding out, in 1.5 s at most
 */
export async function findDeviceIds(console: Console, prefix: string): Promise<readonly string[]> {
  const settings = console.settings();
  const hub = await findServiceHub(settings);
  const { hostName, sharedAccessKeyName, sharedAccessKey } = hub.connection;
  addSecret(sharedAccessKey);
  const source = `${hostName}:${hub.address.httpsPort}/${sharedAccessKeyName}`;
  const cached = readCache(settings.tandemHome, source, prefix);
  if (cached !== undefined) return cached;
  const ids = await queryIds(hub, prefix, console);
  writeCache(settings.tandemHome, { source, prefix, ids, complete: ids.length < MAX_IDS });
  return ids;
}

async function queryIds(hub: ServiceHub, prefix: string, { env, signal }: Console): Promise<string[]> {
  const agent = await serviceAgent(hub, env);
  const where = prefix === '' ? '' : ` WHERE STARTSWITH(deviceId, ${quoteConstant(prefix)})`;
  const query = JSON.stringify({ query: `SELECT deviceId FROM devices${where}` });
  const { hostName } = hub.connection;
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      const sent = request({
        agent,
        method: 'POST',
        host: hostName,
        path: `/devices/query?api-version=${API_VERSION}`,
        headers: {
          authorization: serviceToken(hub.connection, { resource: hostName, lifetimeMs: 60_000 }),
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(query),
          'x-ms-max-item-count': MAX_IDS,
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('error', reject);
        response.on('end', () => resolve(body));
      });
      sent.end(query);
    });
    return idsOf(JSON.parse(answer)).sort();
  } finally {
    agent.destroy();
  }
}

function idsOf(rows: unknown): string[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) =>
    typeof row === 'object' && row !== null && 'deviceId' in row && typeof row.deviceId === 'string'
      ? [row.deviceId]
      : [],
  );
}
