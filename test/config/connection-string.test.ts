import { describe, expect, test } from 'vitest';
import {
  formatDeviceConnectionString,
  formatServiceConnectionString,
  parseDeviceConnectionString,
  parseServiceConnectionString,
} from '../../src/config/index.ts';
import { ProgramError } from '../../src/terminal/index.ts';

const KEY = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=';
const SERVICE = `HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;
const DEVICE = `HostName=h.azure-devices.net;DeviceId=pump-1;SharedAccessKey=${KEY}`;
const TOKEN = 'SharedAccessSignature sr=h%2Fdevices%2Fpump-1&sig=abc%3D&se=1700000000';

describe('service connection strings', () => {
  test('are parsed and written back', () => {
    const parsed = parseServiceConnectionString(SERVICE);
    expect(parsed).toEqual({
      hostName: 'h.azure-devices.net',
      sharedAccessKeyName: 'iothubowner',
      sharedAccessKey: KEY,
    });
    expect(formatServiceConnectionString(parsed)).toBe(SERVICE);
  });

  test('may have fields in any order and case, spaces around, fields nobody knows', () => {
    const text = ` sharedaccesskey=${KEY};HOSTNAME=h.net;Extra=1;SharedAccessKeyName=service; `;
    expect(parseServiceConnectionString(text)).toMatchObject({ hostName: 'h.net', sharedAccessKeyName: 'service' });
  });

  test.each([
    ['HostName', `SharedAccessKeyName=a;SharedAccessKey=${KEY}`, 'it has no HostName'],
    ['SharedAccessKeyName', `HostName=h;SharedAccessKey=${KEY}`, 'it has no SharedAccessKeyName'],
    ['SharedAccessKey', 'HostName=h;SharedAccessKeyName=a', 'it has no SharedAccessKey'],
    ['an empty key', 'HostName=h;SharedAccessKeyName=a;SharedAccessKey=', 'its SharedAccessKey is empty'],
    [
      'a key cut off',
      'HostName=h;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0LX',
      'its SharedAccessKey is not base64',
    ],
    ['a host with a port', SERVICE.replace('.net;', '.net:8443;'), 'its HostName must not have a port'],
    ['a host that is none', SERVICE.replace('h.azure', 'h azure'), 'its HostName is not a host name'],
    ['a part without =', `${SERVICE};nonsense`, 'its part 4 is not of the form Name=value'],
    ['a field twice', `${SERVICE};HostName=x`, 'it names HostName twice'],
    ['a device string', DEVICE, 'is a device connection string'],
    [
      'an Event Hubs string',
      `Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=${KEY}`,
      'Event Hubs connection string',
    ],
  ])('%s is refused by name, the key never shown', (_name, text, message) => {
    const error = refusal(() => parseServiceConnectionString(text, 'IOTHUB_CONNECTION_STRING'));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain('IOTHUB_CONNECTION_STRING');
    expect(error.message).toContain(message);
    expect(error.message + (error.hint ?? '')).not.toContain('c2VjcmV0');
  });
});

describe('device connection strings', () => {
  test.each([
    ['a key', DEVICE, { kind: 'sharedAccessKey', sharedAccessKey: KEY }],
    [
      'a token',
      `HostName=h;DeviceId=d;SharedAccessSignature=${TOKEN}`,
      { kind: 'sharedAccessSignature', sharedAccessSignature: TOKEN },
    ],
    ['a certificate', 'HostName=h;DeviceId=d;x509=true', { kind: 'x509' }],
  ])('with %s are parsed and written back', (_name, text, authentication) => {
    const parsed = parseDeviceConnectionString(text);
    expect(parsed.authentication).toEqual(authentication);
    expect(formatDeviceConnectionString(parsed)).toBe(text);
  });

  test('keep module and gateway', () => {
    const text = `HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=${KEY};GatewayHostName=localhost:8884`;
    expect(parseDeviceConnectionString(text)).toMatchObject({ moduleId: 'm', gatewayHostName: 'localhost:8884' });
    expect(formatDeviceConnectionString(parseDeviceConnectionString(text))).toBe(text);
  });

  test('a service string is recognised', () => {
    expect(refusal(() => parseDeviceConnectionString(SERVICE, 'X')).message).toContain(
      'X is a service connection string',
    );
  });

  test('a token that is none is refused without being shown', () => {
    const error = refusal(() =>
      parseDeviceConnectionString('HostName=h;DeviceId=d;SharedAccessSignature=secretsecret'),
    );
    expect(error.message).toContain('SharedAccessSignature');
    expect(error.message).not.toContain('secretsecret');
  });
});

function refusal(work: () => unknown): ProgramError {
  try {
    work();
  } catch (error) {
    if (error instanceof ProgramError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
