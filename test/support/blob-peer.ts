import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As much of a storage account as an import or export needs: blobs by path, refusals on demand. */
export class BlobPeer implements AsyncDisposable {
  readonly blobs = new Map<string, string>();
  /** What each request carried. */
  readonly requests: { method: string; url: string; blobType: string | undefined }[] = [];
  /** Answered instead of doing anything. */
  refuseWith: number | undefined;
  /** Resolves when a request may go on. */
  hold: Promise<void> = Promise.resolve();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<BlobPeer> {
    const server = createServer();
    const peer = new BlobPeer(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        void peer.hold.then(() => {
          const url = request.url ?? '';
          const path = url.split('?')[0] ?? '';
          peer.requests.push({
            method: request.method ?? '',
            url,
            blobType: request.headers['x-ms-blob-type'] as string,
          });
          if (peer.refuseWith !== undefined) response.writeHead(peer.refuseWith).end();
          else if (request.method === 'PUT') {
            peer.blobs.set(path, Buffer.concat(chunks).toString());
            response.writeHead(201).end();
          } else {
            const blob = peer.blobs.get(path);
            response.writeHead(blob === undefined ? 404 : 200).end(blob);
          }
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return peer;
  }

  /** The URI of a container, with a signature. */
  container(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}?sv=2019&sig=abc%3D`;
  }

  /** The lines of a blob, parsed. */
  lines(path: string): Record<string, unknown>[] {
    const text = this.blobs.get(path) ?? '';
    return text
      .split('\r\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
