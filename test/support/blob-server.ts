import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LOOPBACK_NAMES, makeCertificates } from '../../src/hub/index.ts';

/** The key of the test storage account, base64. */
export const ACCOUNT_KEY = Buffer.from('a key of the test storage account').toString('base64');
const ACCOUNT = 'teststore';

/** As much of blob storage as an upload needs, over HTTPS; it looks at signatures no more than that there is one. */
export interface BlobServer extends AsyncDisposable {
  readonly connectionString: string;
  readonly ca: string;
  readonly containers: Set<string>;
  /** By `container/name`. */
  readonly blobs: Map<string, Buffer>;
}

export async function startBlobServer(): Promise<BlobServer> {
  const certificates = await makeCertificates([...LOOPBACK_NAMES], Date.now());
  const containers = new Set<string>();
  const blobs = new Map<string, Buffer>();
  const server = createServer({ key: certificates.key, cert: certificates.certificate }, (request, response) => {
    void answer(request).then(([status, headers]) => response.writeHead(status, headers).end());
  });
  async function answer(request: IncomingMessage): Promise<[number, Record<string, string>?]> {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const [, account, container = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const name = `${container}/${rest.join('/')}`;
    if (account !== ACCOUNT || !url.searchParams.has('sig')) return [403];
    if (request.method === 'PUT' && url.searchParams.get('restype') === 'container') {
      if (containers.has(container)) return [409];
      containers.add(container);
      return [201];
    }
    if (!containers.has(container)) return [404];
    if (request.method === 'PUT') {
      blobs.set(name, Buffer.concat(await request.toArray()));
      return [201];
    }
    const blob = blobs.get(name);
    if (blob === undefined) return [404];
    return [200, { 'content-length': String(blob.length), 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }];
  }
  const port = await listen(server);
  return {
    connectionString: `AccountName=${ACCOUNT};AccountKey=${ACCOUNT_KEY};BlobEndpoint=https://localhost:${port}/${ACCOUNT}`,
    ca: certificates.caCertificate,
    containers,
    blobs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
