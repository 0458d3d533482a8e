/** A container of Azure Storage or Azurite, reached by a URI that carries its shared access signature. */
export class BlobContainer {
  readonly #uri: string;

  constructor(uri: string) {
    this.#uri = uri;
  }

  /** @throws Error that says what the storage answered, without the signature */
  async read(blobName: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#send(blobName, { method: 'GET', signal });
    return answer.text();
  }

  /** Replaces the blob. Throws as {@link read} does. */
  async write(blobName: string, text: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#send(blobName, {
      method: 'PUT',
      headers: { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'application/octet-stream' },
      body: text,
      signal,
    });
    await answer.arrayBuffer(); // read to its end, so that the connection is free again
  }

  async #send(
    blobName: string,
    init: { method: string; headers?: Record<string, string>; body?: string; signal: AbortSignal },
  ): Promise<Response> {
    const url = new URL(this.#uri);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${blobName.split('/').map(encodeURIComponent).join('/')}`;
    const place = `${url.origin}${url.pathname}`;
    const headers = { ...init.headers, 'x-ms-version': '2019-12-12' };
    const answer = await fetch(url, { ...init, headers }).catch((error: unknown) => {
      throw new Error(`the storage cannot be reached at ${place}`, { cause: error });
    });
    if (!answer.ok) throw new Error(`the storage answered ${init.method} ${place} with ${answer.status}`);
    return answer;
  }
}
