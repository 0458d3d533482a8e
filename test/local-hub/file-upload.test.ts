import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { startLocalHub, type LocalHub } from '../../src/local-hub/index.ts';
import { startBlobServer } from '../support/blob-server.ts';
import { sasToken } from '../support/hub.ts';
import { restAt } from '../support/rest.ts';

const home = mkdtempSync(join(tmpdir(), 'tandem-upload-'));
const notices: string[] = [];
afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(storageConnectionString?: string): Promise<LocalHub> {
  const ports = { httpsPort: 0, mqttPort: 0, amqpPort: 0 };
  const notice = (line: string): void => void notices.push(line);
  return startLocalHub({ home, ...ports, inMemory: true, storageConnectionString, notice });
}

/** A device asks where to upload to: the moment when the hub makes the container. */
async function beginUpload({ discovery }: LocalHub): Promise<number> {
  const call = async (method: string, path: string, body: unknown): Promise<number> => {
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const owner = { resource: 'localhost', key: discovery.ownerKey, policyName: discovery.ownerKeyName, expirySeconds };
    const at = { port: discovery.httpsPort, ca: discovery.ca };
    return (await restAt(at, method, path, { authorization: sasToken(owner), body })).status;
  };
  expect(await call('PUT', '/devices/up', { deviceId: 'up' })).toBe(200);
  return call('POST', '/devices/up/files', { blobName: 'a.txt' });
}

describe('the storage that devices of a local hub upload to', () => {
  test('is trusted with the certificate that the hub has for other servers of the machine', async () => {
    await (await start()).close(); // makes the certificates
    const read = (name: string): string => readFileSync(join(home, name), 'utf8');
    const { caCertificate } = JSON.parse(read('certificates.json'));
    await using storage = await startBlobServer({
      caCertificate,
      certificate: read('localhost.pem'),
      key: read('localhost-key.pem'),
    });
    const hub = await start(storage.connectionString);
    expect(await beginUpload(hub)).toBe(200);
    await hub.close();
    expect(notices).toEqual([]);
    expect([...storage.containers]).toEqual(['device-uploads']);
  });

  test('is complained of, with what to do, when it is not there', async () => {
    const storage = await startBlobServer();
    await storage[Symbol.asyncDispose]();
    const hub = await start(storage.connectionString);
    expect(await beginUpload(hub)).toBe(200);
    await hub.close();
    expect(notices).toEqual([expect.stringMatching(/file uploads will fail: .*ECONNREFUSED/)]);
    expect(notices[0]).toContain(`azurite --loose --cert ${join(home, 'localhost.pem')}`);
  });
});
