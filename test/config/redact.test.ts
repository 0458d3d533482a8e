import { describe, expect, test } from 'vitest';
import { addSecret, redact } from '../../src/config/index.ts';

describe('the redactor', () => {
  test.each([
    ['HostName=h;SharedAccessKey=abc+/=;DeviceId=d', 'HostName=h;SharedAccessKey=***;DeviceId=d'],
    ['SharedAccessSignature sr=h&sig=abc%3D&se=1', 'SharedAccessSignature sr=h&sig=***&se=1'],
    ['{"primaryKey":"abc","deviceId":"d"}', '{"primaryKey":"***","deviceId":"d"}'],
    ['"secondaryKey": "abc"', '"secondaryKey": "***"'],
    ['-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----', '***'],
    ['SharedAccessKeyName=iothubowner', 'SharedAccessKeyName=iothubowner'],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test('a secret that was registered disappears wherever it stands, encoded too', () => {
    addSecret('s3cr3t/key+x=');
    expect(redact('a s3cr3t/key+x= b s3cr3t%2Fkey%2Bx%3D c')).toBe('a *** b *** c');
  });

  test('a short word is no secret', () => {
    addSecret('pump');
    expect(redact('pump-1')).toBe('pump-1');
  });
});
