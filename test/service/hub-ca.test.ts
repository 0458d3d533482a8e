import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../support/device-certificates.ts';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();
const folder = mkdtempSync(join(tmpdir(), 'tandem-ca-'));
let root: TestAuthority;

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  root = await TestAuthority.make('Factory Root');
  write('root.pem', root.pem);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('hub ca', () => {
  test('lists nothing at first', async () => {
    const run = await hub.run(['hub', 'ca']);
    expect([run.exitCode, run.stdout]).toEqual([0, '']);
    expect(run.stderr).toContain('no authorities');
  });

  test('add registers an authority that is verified by a certificate that its key signed for the code', async () => {
    const added = await hub.run(['hub', 'ca', 'add', 'root', join(folder, 'root.pem'), '-o', 'json']);
    const { subject, isVerified, verificationCode: code } = added.json().properties;
    expect([subject, isVerified]).toEqual(['Factory Root', false]);
    expect(added.stderr).toContain(`CN=${code}`);

    const wrong = write('wrong.pem', (await root.issue('another')).pem);
    const refused = await hub.run(['hub', 'ca', 'verify', 'root', wrong]);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('verification code')]);

    const proof = write('proof.pem', (await root.issue(code)).pem);
    const verified = await hub.run(['hub', 'ca', 'verify', 'root', proof, '-o', 'json']);
    expect(verified.json().properties.isVerified).toBe(true);
    expect((await hub.run(['hub', 'ca', 'list'])).stdout).toMatch(/root +Factory Root +yes/);
  });

  test('add --verified wants no proof; remove asks, or wants --yes', async () => {
    const added = await hub.run(['hub', 'ca', 'add', 'own', join(folder, 'root.pem'), '--verified']);
    expect(added.stdout).toContain('its devices are let in');
    expect((await hub.run(['hub', 'ca', 'remove', 'own'])).exitCode).toBe(2);
    expect((await hub.run(['hub', 'ca', 'remove', 'own', '--yes', '-o', 'json'])).json()).toEqual({
      name: 'own',
      removed: true,
    });
    expect((await hub.run(['hub', 'ca', 'remove', 'own', '--yes'])).exitCode).toBe(3);
  });

  test.each([
    [['add', 'x', '/nonexistent.pem'], 'cannot be read'],
    [['add', 'not a name', join(folder, 'root.pem')], "a certificate's name"],
    [['add', 'x', import.meta.filename], 'neither PEM nor base64'],
    [['add', 'x'], 'certificateFile'],
  ])('%j is a wrong call', async (words, said) => {
    const run = await hub.run(['hub', 'ca', ...words]);
    expect([run.exitCode, run.stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});
