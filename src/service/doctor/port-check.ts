import type { ServiceHub } from '../../config/index.ts';
import { probeTls, type ProbeResult } from '../../sdk/probe.ts';
import { type Check, type Finding, type Known, type Outcome, skipped } from './finding.ts';

const TIMEOUT_MS = 3000;

interface Port {
  readonly port: number;
  readonly what: string;
  /** What does without it. */
  readonly otherwise: string;
}

type Tried = { readonly port: Port } & ({ readonly result: ProbeResult } | { readonly error: unknown });

/** Whether the hub's ports can be reached: HTTPS, MQTT, AMQP. */
export const checkPorts: Check = async (known): Promise<Outcome> => {
  const { hub, resolved, proxied } = known;
  if (hub === undefined) return skipped('ports', 'no hub is known');
  if (resolved === false) return skipped('ports', 'the name has no address');
  const [https, ...others] = portsOf(hub);
  const tried = await Promise.all([https, ...others].map((port) => tryPort(hub, port, known)));
  const [first] = tried;
  const open = first !== undefined && 'result' in first;
  const findings = tried.map((each) =>
    findingOf(each, { hub, httpsOpen: open || proxied === true, proxied: proxied === true }),
  );
  return { findings, learned: { reachable: open || proxied === true, ...(open ? { https: first.result } : {}) } };
};

function portsOf({ address }: ServiceHub): readonly [Port, ...Port[]] {
  return [
    { port: address.httpsPort, what: 'HTTPS and WebSockets', otherwise: '' },
    {
      port: address.mqttPort,
      what: 'MQTT',
      otherwise: 'let devices use WebSockets: sim-device --protocol mqtt-ws',
    },
    {
      port: address.amqpPort,
      what: 'AMQP',
      otherwise: 'use WebSockets: hub-admin monitor or send --protocol amqp-ws',
    },
  ];
}

async function tryPort(hub: ServiceHub, port: Port, { console: { signal } }: Known): Promise<Tried> {
  const { hostName, local, ca } = hub.address;
  const host = local ? '127.0.0.1' : hostName;
  try {
    return { port, result: await probeTls({ host, port: port.port, hostName, ca, timeoutMs: TIMEOUT_MS, signal }) };
  } catch (error) {
    return { port, error };
  }
}

function findingOf(
  tried: Tried,
  { hub, httpsOpen, proxied }: { hub: ServiceHub; httpsOpen: boolean; proxied: boolean },
): Finding {
  const { port, what, otherwise } = tried.port;
  const check = `port ${port}`;
  if ('result' in tried) {
    const tcpMs = Math.round(tried.result.tcpMs);
    return { check, status: 'ok', message: `open, for ${what} (${tcpMs} ms)`, details: { port, what, tcpMs } };
  }
  const code = codeOf(tried.error);
  const message = `closed (${REASONS[code] ?? code}): no ${what} to ${hub.address.hostName}`;
  const details = { port, what, code };
  if (otherwise === '') {
    if (proxied) return { check, status: 'ok', message: 'not open directly; the proxy is used', details };
    return { check, status: 'failed', message, fix: fixOf(code, hub), exit: 'noHub', details };
  }
  const fix = httpsOpen ? `open it in the firewall, or ${otherwise}` : fixOf(code, hub);
  return { check, status: 'failed', message, fix, details };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'no answer, as from a firewall',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no network',
  ECONNRESET: 'the connection is cut',
  EPROTO: 'what answers there does not speak TLS',
};

function fixOf(code: string, { address, source }: ServiceHub): string {
  if (address.local) return 'restart the local hub: hub-admin hub stop, then hub-admin hub --detach';
  if (code === 'ECONNREFUSED') return `check HostName in ${source}: no hub answers there`;
  return 'check the network; behind a company proxy set HTTPS_PROXY';
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : String(error);
}
