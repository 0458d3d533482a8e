import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LOOPBACK_NAMES, makeCertificates, type ServerCertificates } from '../../src/hub/index.ts';

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

type BlobServerCertificates = Pick<ServerCertificates, 'caCertificate' | 'certificate' | 'key'>;

/** @param given default: of an authority of its own */
export async function startBlobServer(given?: BlobServerCertificates): Promise<BlobServer> {
  const certificates = given ?? (await makeCertificates([...LOOPBACK_NAMES], Date.now()));
  const containers = new Set<string>();
  /** By `container/name/id`: the SDKs send blocks, and then the list of those that make the blob. */
  const blocks = new Map<string, Buffer>();
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
      const body = Buffer.concat(await request.toArray());
      const part = url.searchParams.get('comp');
      if (part === 'block') blocks.set(`${name}/${url.searchParams.get('blockid') ?? ''}`, body);
      else if (part === 'blocklist') blobs.set(name, Buffer.concat(listed(body).map((id) => blockOf(`${name}/${id}`))));
      else blobs.set(name, body);
      return [201];
    }
    const blob = blobs.get(name);
    if (blob === undefined) return [404];
    return [200, { 'content-length': String(blob.length), 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }];
  }
  const blockOf = (key: string): Buffer => blocks.get(key) ?? Buffer.alloc(0);
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

/** The ids in a list of blocks. */
function listed(body: Buffer): string[] {
  return [...body.toString().matchAll(/<Latest>([^<]*)</g)].map(([, id = '']) => id);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
