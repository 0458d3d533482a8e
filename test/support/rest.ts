import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { sasToken, type TestHub } from './hub.ts';

export interface RestOptions {
  /** Sent as JSON; a string is sent as it stands. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose key signs the token; default: the owner's. */
  readonly policyName?: string;
  /** The `Authorization` header itself; `null` = none. */
  readonly authorization?: string | null;
  /** A client's certificate, in PEM, and its key. */
  readonly certificate?: { readonly pem: string; readonly key: string };
  /** Default: the one that the SDKs send. `null` = none. */
  readonly apiVersion?: string | null;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape is what the caller asserts
  readonly body: any;
}

/** One request made by hand, for what the SDKs hide or would not send. */
export function rest(hub: TestHub, method: string, path: string, options: RestOptions = {}): Promise<RestAnswer> {
  const authorization = options.authorization === undefined ? ownToken(hub, options) : options.authorization;
  return restAt({ port: hub.server.ports.https, ca: hub.ca }, method, path, { ...options, authorization });
}

/** As {@link rest}, to any hub; the caller brings the token. */
export function restAt(
  at: { readonly port: number; readonly ca: string },
  method: string,
  path: string,
  options: RestOptions,
): Promise<RestAnswer> {
  const { body, headers = {}, apiVersion = '2021-04-12', authorization = null, certificate } = options;
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const separator = path.includes('?') ? '&' : '?';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        port: at.port,
        path: apiVersion === null ? path : `${path}${separator}api-version=${apiVersion}`,
        method,
        ca: at.ca,
        ...(certificate === undefined ? {} : { cert: certificate.pem, key: certificate.key }),
        headers: {
          ...headers,
          ...(authorization === null ? {} : { authorization }),
          ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const received = Buffer.concat(chunks).toString();
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: received === '' ? undefined : JSON.parse(received),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

function ownToken(hub: TestHub, { policyName = 'iothubowner' }: RestOptions): string {
  const expirySeconds = Math.floor(hub.server.hub.now() / 1000) + 3600;
  return sasToken({ resource: 'localhost', key: hub.policyKey(policyName), expirySeconds, policyName });
}
