import { BlobSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { parseStorageConnectionString, signBlobAccess } from '../../../src/hub/model/file-upload-storage.ts';

const KEY = Buffer.from('some key').toString('base64');

describe('a storage connection string', () => {
  test.each([
    ['AccountName=a;AccountKey=k==', 'https://a.blob.core.windows.net', 'a'],
    ['DefaultEndpointsProtocol=http;AccountName=a;AccountKey=k;EndpointSuffix=x.cn', 'http://a.blob.x.cn', 'a'],
    ['BlobEndpoint=https://localhost:10000/b/;AccountName=b;AccountKey=k', 'https://localhost:10000/b', 'b'],
    ['UseDevelopmentStorage=true', 'https://127.0.0.1:10000/devstoreaccount1', 'devstoreaccount1'],
  ])('%s', (text, blobEndpoint, accountName) => {
    expect(parseStorageConnectionString(text)).toMatchObject({ blobEndpoint, accountName });
  });

  test('keeps the padding of the key', () => {
    expect(parseStorageConnectionString('AccountName=a;AccountKey=k==').accountKey).toBe('k==');
  });

  test.each(['', 'AccountName=a', 'AccountKey=k', 'AccountName=a;AccountKey=k;BlobEndpoint=nowhere'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseStorageConnectionString(text)).toThrow();
    },
  );
});

test.each(['device/a.txt', "dev-1/Ünï code/#1 (x)'.bin"])(
  "the access to %s is signed as Azure's own library signs it",
  (blobName) => {
    const expiresOn = new Date('2026-01-02T03:04:05Z');
    const account = { accountName: 'teststore', accountKey: KEY, blobEndpoint: 'https://localhost' };
    const ours = signBlobAccess(account, { container: 'c', blobName, permissions: 'rw', endsMs: expiresOn.getTime() });
    const theirs = generateBlobSASQueryParameters(
      {
        containerName: 'c',
        blobName,
        permissions: BlobSASPermissions.parse('rw'),
        expiresOn,
        version: '2019-12-12',
      },
      new StorageSharedKeyCredential('teststore', KEY),
    ).toString();
    expect(Object.fromEntries(new URLSearchParams(ours))).toEqual(Object.fromEntries(new URLSearchParams(theirs)));
  },
);
