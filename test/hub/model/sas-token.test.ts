import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { coversResource, isSignedWith, parseSasToken, tokenEndMs } from '../../../src/hub/model/sas-token.ts';

const KEY = Buffer.from('a key of some bytes').toString('base64');
const HOSTS = new Set(['localhost', 'hub.azure-devices.net']);
const sign = (signed: string, key = KEY) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
const token = (sr: string, more = '') =>
  `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sign(`${sr}\n100`))}&se=100${more}`;

describe('reading a token', () => {
  // device-protocol.md, 2.2: "exactly two whitespace-separated parts … field names case-insensitive"
  test.each([
    ['nothing', ''],
    ['another scheme', 'Basic sr=a&sig=b&se=1'],
    ['a third part', 'SharedAccessSignature sr=a&sig=b&se=1 x'],
    ['no sr', 'SharedAccessSignature sig=b&se=1'],
    ['no sig', 'SharedAccessSignature sr=a&se=1'],
    ['no se', 'SharedAccessSignature sr=a&sig=b'],
    ['an se that is no number', 'SharedAccessSignature sr=a&sig=b&se=soon'],
    ['a stray % in sig', 'SharedAccessSignature sr=a&sig=%zz&se=1'],
  ])('%s is refused', (_what, text) => expect(() => parseSasToken(text)).toThrow('Unauthorized'));

  test('fields come in any order and case, unknown ones are passed over', () => {
    const parsed = parseSasToken('SharedAccessSignature SE=100&Sig=a%2Bb&x=1&SKN=pol%20icy&sr=Host%2fa');
    expect(parsed).toMatchObject({ resource: 'Host%2fa', signature: 'a+b', expirySeconds: 100, policyName: 'pol icy' });
  });

  // "parse each field at its first ="
  test('a signature with unescaped = and + is read whole', () => {
    expect(parseSasToken('SharedAccessSignature sr=h&sig=ab+c/d==&se=1').signature).toBe('ab+c/d==');
  });

  test('an empty skn is none', () => {
    expect(parseSasToken(token('h', '&skn=')).policyName).toBeUndefined();
  });
});

describe('the signature', () => {
  // "String to sign = sr exactly as transmitted"
  test.each([['hub.azure-devices.net%2Fdevices%2Fa'], ['hub.azure-devices.net%2fdevices%2fa'], ['localhost:8443']])(
    'is over sr as it came: %s',
    (sr) => expect(isSignedWith(parseSasToken(token(sr)), [KEY])).toBe(true),
  );
  test('of another key or another expiry is none', () => {
    expect(isSignedWith(parseSasToken(token('h')), [Buffer.from('other').toString('base64')])).toBe(false);
    expect(isSignedWith(parseSasToken(token('h').replace('se=100', 'se=101')), [KEY])).toBe(false);
  });
  test('of either key counts', () => {
    expect(isSignedWith(parseSasToken(token('h')), [Buffer.from('other').toString('base64'), KEY])).toBe(true);
  });
});

test('the end grants five minutes of clock skew', () => {
  expect(tokenEndMs(parseSasToken(token('h')))).toBe((100 + 300) * 1000);
});

describe('the scope', () => {
  // service-protocol.md, 2.1: "treat the rest as a prefix by path segment of the requested resource"
  test.each([
    ['localhost', ['devices', 'a'], true],
    ['LOCALHOST:8443', ['devices', 'a'], true],
    ['sb%3A%2F%2Flocalhost%2Fmessages', ['messages', 'events'], true],
    ['localhost%2Fdevices', ['devices', 'a'], true],
    ['localhost%2Fdevices%2Fa', ['devices', 'a', 'modules', 'm'], true],
    ['localhost%2Fdevices%2Fa', ['devices', 'ab'], false],
    ['localhost%2Fdevices%2Fa%2Fb', ['devices', 'a'], false],
    ['localhost%2Fdevices%2FA', ['devices', 'a'], true],
    ['other', ['devices', 'a'], false],
    ['', [], false],
  ])('%s for %j: %s', (sr, path, covered) => {
    const resource = sr === '' ? 'other' : sr;
    expect(coversResource(parseSasToken(token(resource)), HOSTS, path)).toBe(covered);
  });

  test("a device's own token must name the device", () => {
    const path = ['devices', 'a'];
    expect(coversResource(parseSasToken(token('localhost')), HOSTS, path, 2)).toBe(false);
    expect(coversResource(parseSasToken(token('localhost%2Fdevices%2Fa')), HOSTS, path, 2)).toBe(true);
  });
});
