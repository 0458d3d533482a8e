import { createHash, X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dates, TestAuthority, type IssuedCertificate } from '../../support/device-certificates.ts';
import { startHub, type TestHub } from '../../support/hub.ts';
import { connectCode, connectRaw } from '../../support/mqtt-device.ts';
import { rest } from '../../support/rest.ts';

let hub: TestHub;
let root: TestAuthority;
beforeAll(async () => {
  hub = await startHub();
  root = await TestAuthority.make();
});
afterAll(() => hub.close());

const certificates = (method: string, path = '', body?: object, policyName = 'iothubowner') =>
  rest(hub, method, `/$tandem/certificates${path}`, { policyName, ...(body === undefined ? {} : { body }) });
const connect = (id: string, { pem, key }: IssuedCertificate, intermediates: IssuedCertificate[] = []) =>
  connectCode(
    connectRaw(
      hub,
      { deviceId: id, key: '', connectionString: '' },
      { password: '', cert: [pem, ...intermediates.map((i) => i.pem)].join(''), key },
    ),
  );
const signedBy = (deviceId: string) =>
  hub.registry().create({ deviceId, authentication: { type: 'certificateAuthority' } });

// device-protocol.md, 2.3: "chain (leaf + intermediates sent by the device) ends at a CA registered and verified in the hub;
// leaf Subject CN equals deviceId exactly; dates valid"
describe('a device whose certificate an authority signed', () => {
  beforeAll(async () => {
    await certificates('PUT', '/root', { certificate: root.pem, isVerified: true });
    for (const id of ['pump', 'Pump2', 'other']) await signedBy(id);
  });

  test('is let in with a certificate of its name', async () => {
    expect(await connect('pump', await root.issue('pump'))).toBe(0);
  });

  test('is let in by way of intermediates that it sends', async () => {
    const first = await root.intermediate('First');
    const second = await first.intermediate('Second');
    const leaf = await second.issue('pump');
    expect(await connect('pump', leaf, [second, first])).toBe(0);
    expect(await connect('pump', leaf, [second, first, root])).toBe(0);
  });

  test('is let in when the registered authority is itself in between', async () => {
    const outer = await TestAuthority.make('Outer');
    const inner = await outer.intermediate('Inner');
    await certificates('PUT', '/inner', { certificate: inner.pem, isVerified: true });
    expect(await connect('pump', await inner.issue('pump'))).toBe(0);
    await certificates('DELETE', '/inner');
  });

  test.each<[string, () => Promise<[string, IssuedCertificate, IssuedCertificate[]?]>]>([
    ['of another name', async () => ['pump', await root.issue('other')]],
    ['of its name in other letters', async () => ['Pump2', await root.issue('pump2')]],
    ['that is no longer valid', async () => ['pump', await root.issue('pump', dates(-5, -1))]],
    ['that is not valid yet', async () => ['pump', await root.issue('pump', dates(1, 5))]],
    [
      'of an authority that is not registered',
      async () => ['pump', await (await TestAuthority.make('Stranger')).issue('pump')],
    ],
    ['of another authority of the same name', async () => ['pump', await (await TestAuthority.make()).issue('pump')]],
    [
      'below an intermediate that it does not send',
      async () => ['pump', await (await root.intermediate('Silent')).issue('pump')],
    ],
    [
      'below an intermediate that is no longer valid',
      async () => {
        const old = await root.intermediate('Old', dates(-5, -1));
        return ['pump', await old.issue('pump'), [old]];
      },
    ],
    [
      'that is signed by another device’s',
      async () => {
        const leaf = await root.issue('other');
        const forged = await TestAuthority.make('other');
        return ['pump', await forged.issue('pump'), [leaf]];
      },
    ],
  ])('is refused with one %s', async (_what, make) => {
    const [id, leaf, intermediates] = await make();
    expect(await connect(id, leaf, intermediates)).toBe(5);
  });

  test('is refused with a token, and without anything', async () => {
    expect(
      await connectCode(
        connectRaw(hub, { deviceId: 'pump', key: Buffer.alloc(32).toString('base64'), connectionString: '' }),
      ),
    ).toBe(5);
    expect(
      await connectCode(connectRaw(hub, { deviceId: 'pump', key: '', connectionString: '' }, { password: '' })),
    ).toBe(5);
  });

  test('sends telemetry over HTTPS, on resumed TLS sessions too', async () => {
    const between = await root.intermediate('Between');
    const leaf = await between.issue('pump');
    const agent = new Agent({ ca: hub.ca, cert: leaf.pem + between.pem, key: leaf.key, maxCachedSessions: 10 });
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push(await send(agent, 'pump'));
    expect(statuses).toEqual([204, 204, 204]);
    expect(await send(agent, 'other')).toBe(401);
  });
});

describe('a device that is known by its thumbprint', () => {
  const register = (deviceId: string, { pem }: IssuedCertificate, hash: string) =>
    hub.registry().create({
      deviceId,
      authentication: {
        type: 'selfSigned',
        x509Thumbprint: {
          primaryThumbprint: '0'.repeat(40),
          secondaryThumbprint: createHash(hash).update(new X509Certificate(pem).raw).digest('hex').toUpperCase(),
        },
      },
    });

  test.each([['sha1'], ['sha256']])('is let in by its %s, whatever its name', async (hash) => {
    const certificate = await TestAuthority.make('whoever');
    await register(`thumb-${hash}`, certificate, hash);
    expect(await connect(`thumb-${hash}`, certificate)).toBe(0);
    expect(await connect(`thumb-${hash}`, await TestAuthority.make('whoever'))).toBe(5);
  });

  test('is refused when its certificate is no longer valid', async () => {
    const certificate = await root.issue('thumb-old', dates(-5, -1));
    await register('thumb-old', certificate, 'sha256');
    expect(await connect('thumb-old', certificate)).toBe(5);
  });
});

describe('an authority', () => {
  beforeEach(async () => {
    for (const { name } of (await certificates('GET')).body.value) await certificates('DELETE', `/${name}`);
  });

  test('counts once somebody has proved to hold its key', async () => {
    const authority = await TestAuthority.make('To be proved');
    await signedBy('proved');
    const leaf = await authority.issue('proved');
    const { body: put } = await certificates('PUT', '/mine', {
      certificate: Buffer.from(authority.pem).toString('base64'),
    });
    expect(put).toMatchObject({ name: 'mine', properties: { subject: 'To be proved', isVerified: false } });
    expect(await connect('proved', leaf)).toBe(5);
    const { body } = await certificates('POST', '/mine/generateVerificationCode');
    const code: string = body.properties.verificationCode;
    for (const bad of [await authority.issue('other'), await (await TestAuthority.make('To be proved')).issue(code)]) {
      expect((await certificates('POST', '/mine/verify', { certificate: bad.pem })).status).toBe(400);
    }
    const proof = await authority.issue(code);
    const verified = await certificates('POST', '/mine/verify', { certificate: proof.pem });
    expect(verified.body.properties.isVerified).toBe(true);
    expect(await connect('proved', leaf)).toBe(0);
    await certificates('DELETE', '/mine');
    expect(await connect('proved', leaf)).toBe(5);
  });

  test.each([
    ['without a certificate', {}, 400],
    ['with a text that is none', { certificate: 'hello' }, 400],
  ])('%s is refused', async (_what, body, status) => {
    expect((await certificates('PUT', '/bad', body)).status).toBe(status);
  });

  test('that may not sign is refused', async () => {
    const leaf = await root.issue('leaf');
    expect((await certificates('PUT', '/leaf', { certificate: leaf.pem })).body.Message).toMatch(
      /not one of an authority/,
    );
  });

  test('is the owner’s to register', async () => {
    expect((await certificates('PUT', '/x', { certificate: root.pem }, 'registryReadWrite')).status).toBe(401);
    expect((await certificates('GET', '/unknown')).status).toBe(404);
  });

  test('can be handed to the hub when it is started', async () => {
    await using own = await startHub({ deviceAuthorities: [{ name: 'given', pem: root.pem }] });
    const { body } = await rest(own, 'GET', '/$tandem/certificates/given');
    expect(body.properties.isVerified).toBe(true);
  });
});

function send(agent: Agent, deviceId: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        port: hub.server.ports.https,
        path: `/devices/${deviceId}/messages/events?api-version=2021-04-12`,
        method: 'POST',
        agent,
        headers: { 'content-length': 1, connection: 'close' },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      },
    );
    sent.on('error', reject);
    sent.end('x');
  });
}
