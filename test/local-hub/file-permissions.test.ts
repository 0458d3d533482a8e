import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startLocalHub } from '../../src/local-hub/index.ts';

// SECURITY.md, "Files"
describe.skipIf(process.platform === 'win32')('the folder of a local hub', () => {
  test('and all that is in it is for its user alone', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'tandem-permissions-'));
    const home = join(parent, 'home');
    const before = process.umask(0);
    try {
      const ports = { httpsPort: 0, mqttPort: 0, amqpPort: 0 };
      const hub = await startLocalHub({ home, ...ports, notice: () => undefined });
      const found = [home, ...filesBelow(home)].map((path) => [path, othersMay(path)]);
      expect(found.map(([path]) => String(path).slice(home.length + 1))).toEqual(
        expect.arrayContaining(['state.db', 'certificates.json', 'hub.json', 'events']),
      );
      expect(found.filter(([, others]) => others !== 0)).toEqual([]);
      await hub.close();
    } finally {
      process.umask(before);
      rmSync(parent, { recursive: true, force: true });
    }
  });
});

/** The permission bits of everybody but the owner. */
function othersMay(path: string): number {
  return statSync(path).mode & 0o077;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}
