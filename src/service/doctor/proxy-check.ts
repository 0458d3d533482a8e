import { proxyAgent } from '../../sdk/https-proxy.ts';
import { type Check, found, skipped } from './finding.ts';

/** Whether HTTPS and WebSockets go through a proxy. */
export const checkProxy: Check = async ({ console: { env }, hub }) => {
  if (hub === undefined) return skipped('proxy', 'no hub is known');
  const { hostName, local } = hub.address;
  const proxy = env['HTTPS_PROXY'] ?? env['https_proxy'] ?? '';
  if (proxy === '') return found({ check: 'proxy', status: 'ok', message: 'none is set' }, { proxied: false });
  const shown = withoutPassword(proxy);
  try {
    const proxied = (await proxyAgent(local ? '127.0.0.1' : hostName, env)) !== undefined;
    const message = proxied
      ? `HTTPS and WebSockets go through ${shown}; MQTT and AMQP on their own ports do not`
      : `HTTPS_PROXY is set, but not used for ${hostName} (NO_PROXY, or this machine itself)`;
    return found({ check: 'proxy', status: 'ok', message, details: { proxy: shown, proxied } }, { proxied });
  } catch {
    return found({
      check: 'proxy',
      status: 'failed',
      message: `HTTPS_PROXY is not the address of a proxy: ${shown}`,
      fix: 'set it to http://host:port, or unset it',
      exit: 'wrongCall',
    });
  }
};

function withoutPassword(proxy: string): string {
  return proxy.replace(/\/\/[^@/]*@/, '//***@');
}
