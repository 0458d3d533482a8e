import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerCertificates } from '../../src/hub/index.ts';

export const MOSQUITTO_MISSING = 'Mosquitto (Debian: apt-get install mosquitto)';

export interface Mosquitto {
  readonly pid: number;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts Mosquitto with TLS on the same certificate; undefined where it is not installed. */
export async function startMosquitto(certificates: ServerCertificates): Promise<Mosquitto | undefined> {
  const program = ['mosquitto', '/usr/sbin/mosquitto'].find((path) => spawnSync(path, ['-h']).error === undefined);
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-mosquitto-'));
  const port = await freePort();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('ca.pem'), certificates.caCertificate);
  writeFileSync(path('cert.pem'), certificates.certificate);
  writeFileSync(path('key.pem'), certificates.key, { mode: 0o600 });
  const lines = [
    `listener ${port} 127.0.0.1`,
    `cafile ${path('ca.pem')}`,
    `certfile ${path('cert.pem')}`,
    `keyfile ${path('key.pem')}`,
    'allow_anonymous true',
    'persistence false',
    'log_dest none',
    'set_tcp_nodelay true',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(path('mosquitto.conf'), `${lines.join('\n')}\n`);
  const child = spawn(program, ['-c', path('mosquitto.conf')], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await listening(port);
  return {
    pid: child.pid ?? 0,
    port,
    close: async () => {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const MAX_TRIES = 100;

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Mosquitto does not listen');
}
