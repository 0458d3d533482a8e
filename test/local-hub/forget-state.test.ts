import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { forgetState, HubAlreadyRunning, startLocalHub, type LocalHub } from '../../src/local-hub/index.ts';
import { TestAuthority } from '../support/device-certificates.ts';
import { sasToken } from '../support/hub.ts';
import { restAt } from '../support/rest.ts';

const home = mkdtempSync(join(tmpdir(), 'tandem-forget-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const start = (): Promise<LocalHub> =>
  startLocalHub({ home, httpsPort: 0, mqttPort: 0, amqpPort: 0, notice: () => undefined });

function call({ discovery }: LocalHub, method: string, path: string, body?: unknown) {
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const owner = { resource: 'localhost', key: discovery.ownerKey, policyName: discovery.ownerKeyName, expirySeconds };
  const at = { port: discovery.httpsPort, ca: discovery.ca };
  return restAt(at, method, path, { authorization: sasToken(owner), body });
}

test('a hub that does not run forgets all but its keys and authorities', async () => {
  const first = await start();
  expect(() => forgetState(home)).toThrow(HubAlreadyRunning);
  await call(first, 'PUT', '/devices/pump', { deviceId: 'pump' });
  const { pem } = await TestAuthority.make();
  await call(first, 'PUT', '/$tandem/certificates/root', { certificate: pem, isVerified: true });
  await first.close();

  forgetState(home);
  expect(existsSync(join(home, 'events'))).toBe(false);

  const second = await start();
  expect((await call(second, 'GET', '/devices')).body).toEqual([]);
  expect((await call(second, 'GET', '/$tandem/certificates')).body.value).toMatchObject([{ name: 'root' }]);
  expect(second.discovery.ownerKey).toBe(first.discovery.ownerKey);
  expect(second.discovery.ca).toBe(first.discovery.ca);
  await second.close();
});
