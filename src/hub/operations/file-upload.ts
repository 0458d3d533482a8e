import {
  MAX_ACTIVE_UPLOADS,
  parseUploadOutcome,
  parseUploadRequest,
  UPLOAD_MEMORY_MS,
  UPLOAD_TTL_MS,
} from '../model/file-upload.ts';
import { HubError } from '../model/hub-error.ts';
import type { JsonObject } from '../model/json.ts';
import { formatTimestamp } from '../model/timestamps.ts';
import type { Collection } from '../store/collection.ts';
import type { ServiceQueue } from './feedback-queue.ts';
import type { UploadStorage } from './file-upload-storage.ts';
import type { HubContext } from './hub-context.ts';

interface Upload {
  readonly deviceId: string;
  /** Of the device that began it: another one of the same name has nothing to do with it. */
  readonly generationId: string;
  readonly blobName: string;
  readonly endsMs: number;
}

/** Uploads of files, which go to a storage account: the hub hands out access and tells services. @see device-protocol.md, 10 */
export class FileUploads {
  readonly #context: HubContext;
  readonly #notifications: ServiceQueue;
  readonly #storage: UploadStorage | undefined;
  readonly #uploads: Collection<Upload>;

  /** @param storage undefined = none was given: uploads are refused */
  constructor(context: HubContext, notifications: ServiceQueue, storage: UploadStorage | undefined) {
    this.#context = context;
    this.#notifications = notifications;
    this.#storage = storage;
    this.#uploads = context.store.collection('fileUploads');
  }

  /**
   * Lets a device write one blob for an hour.
   *
   * @throws HubError DefaultStorageEndpointNotConfigured, ArgumentInvalid, DeviceMaximumActiveFileUploadLimitExceeded
   */
  async initialise(deviceId: string, body: unknown): Promise<JsonObject> {
    const storage = this.#getStorage();
    const { blobName } = parseUploadRequest(deviceId, body);
    const correlationId = this.#context.randomBytes(24).toString('base64url');
    const endsMs = this.#context.now() + UPLOAD_TTL_MS;
    await this.#context.store.change(() => {
      const generationId = this.#generationId(deviceId);
      this.#checkRoom(deviceId, generationId);
      this.#uploads.put(correlationId, { deviceId, generationId, blobName, endsMs });
    });
    await storage.ensureContainer();
    return {
      correlationId,
      hostName: storage.hostName,
      containerName: storage.container,
      blobName,
      sasToken: storage.sasToken(blobName, Date.now() + UPLOAD_TTL_MS),
    };
  }

  /**
   * Ends an upload; services are told of one that went well.
   *
   * @param correlationId from the path, where it stands there
   * @throws HubError DefaultStorageEndpointNotConfigured, InvalidFileUploadCorrelationId, ExpiredFileUploadCorrelationId,
   *   ArgumentInvalid
   */
  async notify(deviceId: string, correlationId: string | undefined, body: unknown): Promise<void> {
    const storage = this.#getStorage();
    const outcome = parseUploadOutcome(correlationId, body);
    const upload = this.#get(deviceId, outcome.correlationId);
    const notification = outcome.isSuccess ? await this.#describe(upload, storage) : undefined;
    await this.#context.store.change(() => {
      this.#get(deviceId, outcome.correlationId); // may have been ended by another request meanwhile
      this.#uploads.delete(outcome.correlationId);
      if (notification !== undefined) this.#notifications.enqueueInChange(JSON.stringify(notification));
    });
  }

  /** Forgets uploads that nobody ended. */
  async sweep(): Promise<void> {
    const oldestMs = this.#context.now() - UPLOAD_MEMORY_MS;
    const forgotten = [...this.#uploads.entries()].filter(([, { endsMs }]) => endsMs < oldestMs);
    if (forgotten.length === 0) return;
    await this.#context.store.change(() => {
      for (const [correlationId] of forgotten) this.#uploads.delete(correlationId);
    });
  }

  /** Forgets all uploads. */
  async reset(): Promise<void> {
    await this.#context.store.change(() => {
      for (const key of [...this.#uploads.entries()].map(([each]) => each)) this.#uploads.delete(key);
    });
  }

  async #describe(upload: Upload, storage: UploadStorage): Promise<JsonObject> {
    const blob = await storage.findBlob(upload.blobName);
    const nowMs = this.#context.now();
    return {
      deviceId: upload.deviceId,
      blobUri: storage.blobUri(upload.blobName),
      blobName: upload.blobName,
      lastUpdatedTime: formatTimestamp(blob?.lastModifiedMs ?? nowMs),
      blobSizeInBytes: blob?.sizeBytes ?? 0,
      enqueuedTimeUtc: formatTimestamp(nowMs),
    };
  }

  #getStorage(): UploadStorage {
    if (this.#storage !== undefined) return this.#storage;
    throw new HubError(
      'DefaultStorageEndpointNotConfigured',
      'this hub has no storage account for file uploads: give it a storage connection string',
    );
  }

  #get(deviceId: string, correlationId: string): Upload {
    const upload = this.#uploads.get(correlationId);
    if (upload?.deviceId !== deviceId || upload.generationId !== this.#generationId(deviceId)) {
      throw new HubError('InvalidFileUploadCorrelationId', `device '${deviceId}' has no upload '${correlationId}'`);
    }
    if (this.#context.now() >= upload.endsMs) {
      throw new HubError('ExpiredFileUploadCorrelationId', `the upload '${correlationId}' took longer than an hour`);
    }
    return upload;
  }

  #checkRoom(deviceId: string, generationId: string): void {
    const nowMs = this.#context.now();
    let active = 0;
    for (const upload of this.#uploads.values()) {
      if (upload.deviceId === deviceId && upload.generationId === generationId && upload.endsMs > nowMs) active += 1;
    }
    if (active < MAX_ACTIVE_UPLOADS) return;
    throw new HubError(
      'DeviceMaximumActiveFileUploadLimitExceeded',
      `device '${deviceId}' has ${MAX_ACTIVE_UPLOADS} uploads that it has not ended`,
    );
  }

  #generationId(deviceId: string): string {
    const device = this.#context.devices.get(deviceId);
    if (device === undefined) throw new HubError('DeviceNotFound', `device '${deviceId}' is not registered`);
    return device.generationId;
  }
}
