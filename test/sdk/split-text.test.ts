import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';
import { openServiceClient } from '../../src/sdk/service-client.ts';

test('a character that lies across two chunks of an answer is whole', async () => {
  const made = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  const text = Buffer.from('[{"deviceId":"p","tags":{"place":"Zürich €"}}]');
  const inTheMiddle = text.indexOf('ü') + 1;
  const hub = createServer({ key: made.key, cert: made.certificate }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.write(text.subarray(0, inTheMiddle));
    void delay(50).then(() => response.end(text.subarray(inTheMiddle))); // a chunk of its own
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
  const { port } = hub.address() as AddressInfo;
  const client = await openServiceClient(
    {
      connection: { hostName: 'localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: 'c2VjcmV0' },
      address: {
        hostName: 'localhost',
        local: true,
        httpsPort: port,
        mqttPort: 0,
        amqpPort: 0,
        ca: made.caCertificate,
      },
      source: 'IOTHUB_CONNECTION_STRING',
    },
    { env: {}, signal: new AbortController().signal },
  );
  expect((await client.queryPage('SELECT * FROM devices', {})).rows).toEqual([
    { deviceId: 'p', tags: { place: 'Zürich €' } },
  ]);
  client.close();
  hub.closeAllConnections();
  hub.close();
});
