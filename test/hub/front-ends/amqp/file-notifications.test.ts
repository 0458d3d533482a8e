import type { Client as ServiceClient } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBlobServer, type BlobServer } from '../../../support/blob-server.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { openAmqpService, TRANSPORTS } from './clients.ts';

let storage: BlobServer;
let hub: TestHub;
beforeAll(async () => {
  storage = await startBlobServer();
  hub = await startHub({
    fileUpload: {
      storageConnectionString: storage.connectionString,
      container: 'files',
      storageAuthorities: [storage.ca],
    },
  });
});
afterAll(async () => {
  await hub.close();
  await storage[Symbol.asyncDispose]();
});

/** A device has uploaded a file and says so. */
async function upload(deviceId: string, name: string): Promise<void> {
  const { fileUploads } = hub.server.hub;
  const { correlationId } = await fileUploads.initialise(deviceId, { blobName: name });
  storage.blobs.set(`files/${deviceId}/${name}`, Buffer.from('hello'));
  await fileUploads.notify(deviceId, correlationId as string, {
    isSuccess: true,
    statusCode: 200,
    statusDescription: '',
  });
}

function notificationReceiver(service: ServiceClient): Promise<ServiceClient.ServiceReceiver> {
  return new Promise((resolve, reject) => {
    service.getFileNotificationReceiver((error, receiver) => {
      if (receiver === undefined) reject(error ?? new Error('no receiver'));
      else resolve(receiver);
    });
  });
}

describe.each(TRANSPORTS)('a service over %s', (transport) => {
  test('is told of each uploaded file, once', async () => {
    const deviceId = `uploads-${transport}`;
    await hub.createDevice(deviceId);
    await upload(deviceId, 'a.txt');
    const service = await openAmqpService(hub, transport);
    const receiver = await notificationReceiver(service);
    const files: unknown[] = [];
    const two = new Promise<void>((resolve) => {
      receiver.on('message', (message: { getData(): Buffer }) => {
        if (files.push(JSON.parse(message.getData().toString())) === 2) resolve();
      });
    });
    await upload(deviceId, 'b.txt');
    await two;
    expect(files).toMatchObject([
      { deviceId, blobName: `${deviceId}/a.txt`, blobSizeInBytes: 5 },
      { deviceId, blobName: `${deviceId}/b.txt`, blobSizeInBytes: 5 },
    ]);
    await expect.poll(() => hub.server.hub.fileNotifications.size).toBe(0);
    await service.close();
  });
});
