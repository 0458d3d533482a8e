import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProgramError } from '../../terminal/index.ts';
import type { FleetCounters } from './fleet-counters.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

/** The counters in Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function renderMetrics(c: FleetCounters): string {
  const lines = [
    ...metric('devices', 'gauge', 'Devices by state', [
      ['{state="connected"}', c.connected],
      ['{state="connecting"}', c.reconnecting],
      ['{state="ended"}', c.ended],
    ]),
    ...counter('connects', 'Connections made', c.connects),
    ...counter('connect_failures', 'Attempts to connect that failed', c.connectFailures),
    ...counter('connections_lost', 'Connections that the hub or the network ended', c.lost),
    ...counter('telemetry_messages', 'Telemetry messages that the hub acknowledged', c.telemetry),
    ...counter('method_calls', 'Direct methods received', c.methods),
    ...counter('reboots', 'Reboots begun', c.reboots),
    ...metric('configurations_total', 'counter', 'Desired configurations by outcome', [
      ['{status="Success"}', c.configurations.Success],
      ['{status="Error"}', c.configurations.Error],
    ]),
    ...counter('reported_updates', 'Updates of reported properties', c.reports),
    ...counter('desired_updates', 'Changes of desired properties received', c.desired),
    ...counter('cloud_to_device_messages', 'Cloud-to-device messages received', c.messages),
    ...counter('faults', 'Faults of the scenario that happened', c.faults),
    ...counter('errors', 'Things that devices tried in vain', c.errors),
    ...summary('connect_seconds', 'Time from the first byte until the device was ready', c.connectLatency),
    ...summary('telemetry_seconds', 'Time until a message was acknowledged', c.telemetryLatency),
    ...summary('method_seconds', 'Time until a method was answered', c.methodLatency),
  ];
  return `${lines.join('\n')}\n`;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves /metrics on this port of all addresses: what scrapes it is another machine.
 *
 * @throws ProgramError `failed` when the port is taken
 */
export async function serveMetrics(counters: FleetCounters, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isMetrics = request.url === '/metrics';
    response.writeHead(isMetrics ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(isMetrics ? renderMetrics(counters) : 'see /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ProgramError('failed', 'PortUnavailable', `--metrics-port ${port} cannot be opened: ${cause.message}`, {
          cause,
          hint: 'choose another one; 0 takes any free one',
        }),
      ),
    );
    server.listen(port, resolve);
  });
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const PREFIX = 'sim_device_fleet_';

function counter(name: string, help: string, value: number): string[] {
  return metric(`${name}_total`, 'counter', help, [['', value]]);
}

function metric(name: string, type: string, help: string, values: readonly (readonly [string, number])[]): string[] {
  const full = PREFIX + name;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...values.map(([labels, value]) => `${full}${labels} ${value}`),
  ];
}

function summary(name: string, help: string, histogram: LatencyHistogram): string[] {
  const full = PREFIX + name;
  const quantiles = [0.5, 0.95, 0.99].map(
    (share) => `${full}{quantile="${share}"} ${histogram.percentile(share) / 1000}`,
  );
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} summary`,
    ...quantiles,
    `${full}_sum ${histogram.sumMs / 1000}`,
    `${full}_count ${histogram.count}`,
  ];
}
