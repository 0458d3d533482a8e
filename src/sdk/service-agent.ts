import { Agent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ServiceHub } from '../config/index.ts';
import { proxyAgent } from './https-proxy.ts';

/**
 * The connections to a hub's HTTPS port. The SDK ignores a port in `HostName`; options of the agent win over those of
 * the request, so the hub keeps its name in tokens, Host header and certificate, and the agent knows the port (sdk-traps.md, 9).
 */
export async function serviceAgent(hub: ServiceHub, env: NodeJS.ProcessEnv): Promise<Agent> {
  const { hostName, httpsPort, ca, local } = hub.address;
  const host = local ? LOOPBACK : (gatewayHost(hub) ?? hostName);
  const options: AgentOptions = { keepAlive: true, host, port: httpsPort };
  // One for all connections: each would parse the certificates anew, half a millisecond.
  if (ca !== undefined) options.secureContext = createSecureContext({ ca });
  // The local hub's certificate is for the loopback address too. Names make Node look for IPv6 in them, 5 ms of every start.
  if (local) options.servername = '';
  else if (isIP(hostName) === 0) options.servername = hostName;
  return (await proxyAgent(host, env)) ?? new Agent(options);
}

/** The local hub always listens here; `localhost` would try two addresses. */
const LOOPBACK = '127.0.0.1';

function gatewayHost(hub: ServiceHub): string | undefined {
  return hub.connection.gatewayHostName?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
