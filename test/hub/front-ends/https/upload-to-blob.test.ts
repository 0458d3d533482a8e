import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../../../src/hub/index.ts';
import { startAzurite } from '../../../support/azurite.ts';
import { startBlobServer } from '../../../support/blob-server.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';

/** The `azurite-blob` of an Azurite (`npm i azurite` in any folder): the same cases, against the real thing. */
const AZURITE = process.env['TANDEM_AZURITE'];

/** azure-iot-device as it is published: a process of its own, since its storage library can be told no authority otherwise. */
const DEVICE = `
  const { Client } = require('azure-iot-device');
  const { Mqtt } = require('azure-iot-device-mqtt');
  const [connectionString, port, blobName, length] = process.argv.slice(1);
  const ca = require('node:fs').readFileSync(process.env.NODE_EXTRA_CA_CERTS, 'utf8');
  const agent = new (require('node:https').Agent)({ port: Number(port), ca });
  const client = Client.fromConnectionString(connectionString, Mqtt);
  const file = require('node:stream').Readable.from([Buffer.alloc(Number(length), 'a line of a log')]);
  client.setOptions({ ca, http: { agent } })
    .then(() => client.uploadToBlob(blobName, file, Number(length)))
    .then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });`;

const folder = mkdtempSync(join(tmpdir(), 'tandem-upload-'));
let storage: { connectionString: string } & AsyncDisposable;
let hub: TestHub;

beforeAll(async () => {
  const certificates = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  storage = AZURITE === undefined ? await startBlobServer(certificates) : await startAzurite(AZURITE, certificates);
  const storageAuthorities = [certificates.caCertificate];
  hub = await startHub({
    certificates,
    fileUpload: { storageConnectionString: storage.connectionString, storageAuthorities },
  });
  writeFileSync(join(folder, 'ca.pem'), certificates.caCertificate);
});
afterAll(async () => {
  await hub.close();
  await storage[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function upload(connectionString: string, blobName: string, length: number): Promise<void> {
  const args = ['-e', DEVICE, connectionString, String(hub.server.ports.https), blobName, String(length)];
  await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
  });
}

// Client.uploadToBlob: access from the hub, blocks and their list to the storage, the outcome to the hub
describe('uploadToBlob of the device SDK', () => {
  test.each([
    ['of one block', 'one', 'logs/to day.txt', 1000],
    ['of several blocks', 'several', 'large.bin', 9_000_000],
  ])('puts a file %s where it belongs, and services are told', async (_what, deviceId, blobName, length) => {
    const device = await hub.createDevice(deviceId);
    await upload(device.connectionString, blobName, length);
    const told = hub.server.hub.fileNotifications.receive();
    expect(JSON.parse(told?.body ?? '{}')).toMatchObject({
      deviceId,
      blobName: `${deviceId}/${blobName}`,
      blobSizeInBytes: length,
    });
    await hub.server.hub.fileNotifications.complete(told?.lockToken ?? '');
  });
});
