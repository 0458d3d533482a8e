import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../../src/hub/index.ts';
import type { DeviceConnectionString } from '../../src/config/index.ts';
import { PROTOCOLS } from './protocols.ts';
import { runDevice } from './test-device.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

const thumbprint = (pem: string): string =>
  createHash('sha1').update(new X509Certificate(pem).raw).digest('hex').toUpperCase();

async function withCertificate(hub: TestHub, registered: string): Promise<DeviceConnectionString> {
  const x509Thumbprint = { primaryThumbprint: registered, secondaryThumbprint: registered };
  await hub.service.createDevice({ deviceId: 'pump', authentication: { type: 'selfSigned', x509Thumbprint } });
  return { hostName: 'localhost', deviceId: 'pump', authentication: { kind: 'x509' } };
}

describe.each(PROTOCOLS)('credentials over %s', (protocol) => {
  test('a certificate whose thumbprint is registered', async () => {
    const hub = await startTestHub();
    const { caCertificate: cert, caKey: key } = await makeCertificates(['pump'], Date.now());
    const connection = await withCertificate(hub, thumbprint(cert));
    const device = runDevice({ connection, address: hub.address, connector: { protocol, certificate: { cert, key } } });
    await device.next('reported');
    expect(device.events[0]).toMatchObject({ event: 'connected' });
  });

  test('a certificate that is not the registered one is refused', async () => {
    const hub = await startTestHub();
    const { caCertificate: cert, caKey: key } = await makeCertificates(['pump'], Date.now());
    const connection = await withCertificate(hub, 'A'.repeat(40));
    const device = runDevice({ connection, address: hub.address, connector: { protocol, certificate: { cert, key } } });
    await expect(device.ended).rejects.toMatchObject({ exitCode: 4 });
  });

  test('a token that somebody else made', async () => {
    const hub = await startTestHub();
    const { authentication } = await hub.register('pump');
    const key = authentication.kind === 'sharedAccessKey' ? authentication.sharedAccessKey : '';
    const token = (expiresS: number): DeviceConnectionString => ({
      hostName: 'localhost',
      deviceId: 'pump',
      authentication: {
        kind: 'sharedAccessSignature',
        sharedAccessSignature: sign('localhost/devices/pump', key, expiresS),
      },
    });
    const now = Math.floor(Date.now() / 1000);
    const device = runDevice({ connection: token(now + 600), address: hub.address, connector: { protocol } });
    await device.next('reported');
    await device.stop();
    // The hub grants five minutes after the end.
    const late = runDevice({ connection: token(now - 600), address: hub.address, connector: { protocol } });
    await expect(late.ended).rejects.toMatchObject({ exitCode: 4 });
  });

  test('the model id reaches the twin', async () => {
    const hub = await startTestHub();
    const connection = await hub.register('pump');
    const modelId = 'dtmi:com:example:Pump;1';
    const device = runDevice({ connection, address: hub.address, connector: { protocol, modelId } });
    await device.next('reported');
    expect((await hub.service.getTwin('pump'))['modelId']).toBe(modelId);
  });
});

test('a device with a certificate that is given none is a wrong call', async () => {
  const hub = await startTestHub();
  const connection = await withCertificate(hub, 'A'.repeat(40));
  const device = runDevice({ connection, address: hub.address });
  await expect(device.ended).rejects.toMatchObject({ exitCode: 2 });
});

function sign(resource: string, key: string, expiresS: number): string {
  const uri = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${uri}\n${expiresS}`).digest('base64');
  return `SharedAccessSignature sr=${uri}&sig=${encodeURIComponent(signature)}&se=${expiresS}`;
}
