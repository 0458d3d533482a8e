import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import {
  parseStorageConnectionString,
  signBlobAccess,
  signContainerCreation,
  type StorageAccount,
} from '../model/file-upload-storage.ts';

export interface FileUploadOptions {
  /** An Azure Storage account or Azurite. */
  readonly storageConnectionString: string;
  /** Default: `device-uploads`; made when it is not there. */
  readonly container?: string | undefined;
  /** PEM of authorities that are trusted as well as the well-known ones: an Azurite's own. */
  readonly storageAuthorities?: readonly string[] | undefined;
  /** Told why the container could not be made: the device will hear no more than that its upload failed. */
  readonly onStorageTrouble?: ((trouble: string) => void) | undefined;
}

export interface BlobFacts {
  readonly sizeBytes: number;
  readonly lastModifiedMs: number;
}

const DEFAULT_CONTAINER = 'device-uploads';
const TIMEOUT_MS = 10_000;
const ACCESS_MS = 60_000;
const CREATED = new Set([201, 409]);

/** The storage that devices upload files to. */
export class UploadStorage {
  readonly container: string;
  readonly #account: StorageAccount;
  readonly #authorities: readonly string[];
  readonly #onTrouble: (trouble: string) => void;
  #isContainerThere = false;

  /** @throws Error for a connection string that is none */
  constructor(options: FileUploadOptions) {
    this.#account = parseStorageConnectionString(options.storageConnectionString);
    this.#authorities = options.storageAuthorities ?? [];
    this.#onTrouble = options.onStorageTrouble ?? (() => undefined);
    this.container = options.container ?? DEFAULT_CONTAINER;
  }

  /** What a device puts between `https://` and the container: an emulator's has a path. */
  get hostName(): string {
    return this.#account.blobEndpoint.replace(/^[a-z]+:\/\//, '');
  }

  /** @param endsMs in real time: storage knows no other */
  sasToken(blobName: string, endsMs: number): string {
    return signBlobAccess(this.#account, { container: this.container, blobName, permissions: 'rw', endsMs });
  }

  blobUri(blobName: string): string {
    const path = blobName.split('/').map(encodeURIComponent).join('/');
    return `${this.#account.blobEndpoint}/${this.container}/${path}`;
  }

  /** Makes the container, once. When that fails the device's upload will say so, and the next one tries again. */
  async ensureContainer(): Promise<void> {
    if (this.#isContainerThere) return;
    const access = signContainerCreation(this.#account, Date.now() + ACCESS_MS);
    const url = `${this.#account.blobEndpoint}/${this.container}${access}&restype=container`;
    try {
      const { statusCode = 0 } = await this.#send('PUT', url);
      this.#isContainerThere = CREATED.has(statusCode);
      if (!this.#isContainerThere) this.#onTrouble(`${this.#account.blobEndpoint} answered ${statusCode}`);
    } catch (error) {
      this.#onTrouble(`${this.#account.blobEndpoint}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Undefined when there is no such blob, or the storage does not answer. */
  async findBlob(blobName: string): Promise<BlobFacts | undefined> {
    const permissions = 'r' as const;
    const access = { container: this.container, blobName, permissions, endsMs: Date.now() + ACCESS_MS };
    const url = `${this.blobUri(blobName)}${signBlobAccess(this.#account, access)}`;
    const answer = await this.#send('HEAD', url).catch(() => undefined);
    if (answer?.statusCode !== 200) return undefined;
    return {
      sizeBytes: Number(answer.headers['content-length'] ?? 0),
      lastModifiedMs: Date.parse(answer.headers['last-modified'] ?? '') || Date.now(),
    };
  }

  #send(method: 'PUT' | 'HEAD', url: string): Promise<IncomingMessage> {
    const options = { method, timeout: TIMEOUT_MS, headers: { 'content-length': 0, 'x-ms-version': '2019-12-12' } };
    return new Promise((resolve, reject) => {
      const sent = url.startsWith('https:')
        ? requestHttps(url, { ...options, ...this.#trust() })
        : requestHttp(url, options);
      sent.on('response', (answer) => {
        answer.resume();
        resolve(answer);
      });
      sent.on('timeout', () => sent.destroy(new Error('the storage does not answer')));
      sent.on('error', reject);
      sent.end();
    });
  }

  /** `ca` takes the place of Node's roots, so they are named again. */
  #trust(): { ca?: string[] } {
    return this.#authorities.length === 0 ? {} : { ca: [...rootCertificates, ...this.#authorities] };
  }
}
