import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerCertificates } from '../../src/hub/index.ts';

/** Not a secret: Azurite's documentation has it. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/**
 * Azurite's blob service with a certificate, on a free port.
 *
 * @param program its `azurite-blob`, which is no dependency of ours: it brings 370 packages
 */
export async function startAzurite(
  program: string,
  certificates: Pick<ServerCertificates, 'certificate' | 'key'>,
): Promise<{ connectionString: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-azurite-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  writeFileSync(cert, certificates.certificate);
  writeFileSync(key, certificates.key);
  // Strict, Azurite answers 500 to x-ms-encryption-algorithm, which the storage library of azure-iot-device sends.
  const options = ['--loose', '--inMemoryPersistence', '--disableTelemetry', '--blobPort', '0'];
  const child = spawn(process.execPath, [program, ...options, '--cert', cert, '--key', key], { cwd: folder });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const found = /listens on https:.*:(\d+)/.exec(chunk.toString())?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`Azurite ended with ${code ?? 'a signal'}`)));
  });
  return {
    connectionString: `AccountName=devstoreaccount1;AccountKey=${KEY};BlobEndpoint=https://localhost:${port}/devstoreaccount1`,
    async [Symbol.asyncDispose]() {
      child.removeAllListeners('exit');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
