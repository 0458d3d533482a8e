import type { JsonObject } from './json.ts';

/** A device twin as a back end reads it. */
export interface TestTwin {
  readonly deviceId: string;
  readonly etag: string;
  readonly version: number;
  readonly status: string;
  readonly connectionState: 'Connected' | 'Disconnected';
  readonly tags: JsonObject;
  /** Each section with its `$version` and `$metadata`. */
  readonly properties: { readonly desired: JsonObject; readonly reported: JsonObject };
}
