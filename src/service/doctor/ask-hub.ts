import type { ServiceHub } from '../../config/index.ts';
import { request, type RequestOptions } from 'node:https';
import { serviceAgent } from '../../sdk/service-agent.ts';
import { serviceToken } from '../../sdk/service-token.ts';

/** An answer of the hub, with what the SDK does not hand on. */
export interface HubAnswer {
  readonly status: number;
  /** The hub's code name; '' when it sent none. */
  readonly code: string;
  /** Its `Date` header, milliseconds since 1970; NaN when it sent none. */
  readonly dateMs: number;
  readonly elapsedMs: number;
  readonly what: string;
}

export interface Question {
  /** What may be done if the hub says yes. */
  readonly what: string;
  readonly method: 'GET' | 'DELETE';
  readonly path: string;
}

const API_VERSION = '2021-04-12';
const TIMEOUT_MS = 5000;
const TOKEN_LIFETIME_MS = 300_000;

/** Asks the hub a few things over one connection, one after the other. @throws the socket's error */
export async function askHub(
  hub: ServiceHub,
  questions: readonly Question[],
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<HubAnswer[]> {
  const agent = await serviceAgent(hub, env);
  const { hostName } = hub.connection;
  const authorization = serviceToken(hub.connection, { resource: hostName, lifetimeMs: TOKEN_LIFETIME_MS });
  const answers: HubAnswer[] = [];
  try {
    for (const { what, method, path } of questions) {
      const begun = performance.now();
      const headers = { authorization, ...(method === 'DELETE' ? { 'if-match': '*' } : {}) };
      const url = `${path}?api-version=${API_VERSION}`;
      const answer = await ask({ agent, method, host: hostName, path: url, headers, timeout: TIMEOUT_MS, signal });
      answers.push({ ...answer, what, elapsedMs: performance.now() - begun });
    }
    return answers;
  } finally {
    agent.destroy();
  }
}

function ask(options: RequestOptions): Promise<Pick<HubAnswer, 'status' | 'code' | 'dateMs'>> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const code = /ErrorCode:(\w+)/.exec(body)?.[1] ?? '';
        resolve({ status: response.statusCode ?? 0, code, dateMs: Date.parse(response.headers.date ?? '') });
      });
    });
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    sent.on('error', reject);
    sent.end();
  });
}
