import type { Agent } from 'node:https';

/**
 * The agent for HTTPS or WebSocket connections to `host` when the environment asks for a proxy: HTTPS_PROXY, except for NO_PROXY.
 * Plain MQTT and AMQP have no proxies.
 */
export async function proxyAgent(host: string, env: NodeJS.ProcessEnv): Promise<Agent | undefined> {
  const proxy = env['HTTPS_PROXY'] ?? env['https_proxy'];
  if (proxy === undefined || proxy === '' || bypasses(env['NO_PROXY'] ?? env['no_proxy'] ?? '', host)) return undefined;
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- `ws` and the SDK only call it as an agent, which it is
  return new HttpsProxyAgent(proxy);
}

/** Loopback never goes through a proxy. */
function bypasses(noProxy: string, host: string): boolean {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().replace(/^\*?\./, ''))
    .some((entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry}`))));
}
