import { formatDuration } from '../../terminal/index.ts';
import type { FleetCounters } from './fleet-counters.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

/** One line while a fleet runs. */
export function renderProgress(c: FleetCounters): string {
  const parts = [
    `${c.connected}/${c.devices} connected`,
    c.reconnecting > 0 ? `${c.reconnecting} connecting` : '',
    `${c.telemetry} messages`,
    `${c.methods} methods`,
    `${c.reboots} reboots`,
    c.configurations.Success > 0 ? `${c.configurations.Success} configured` : '',
    c.messages > 0 ? `${c.messages} commands` : '',
    c.lost > 0 ? `${c.lost} lost` : '',
    c.ended > 0 ? `${c.ended} ended` : '',
    c.errors > 0 ? `${c.errors} errors` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** What a fleet did, for a program: the `summary` event. Latencies in milliseconds. */
export function summarize(c: FleetCounters, elapsedMs: number) {
  const perSecond = (count: number): number => Number(((count * 1000) / Math.max(1, elapsedMs)).toFixed(2));
  return {
    devices: c.devices,
    elapsedMs: Math.round(elapsedMs),
    connected: {
      now: c.connected,
      most: c.mostConnected,
      connects: c.connects,
      failures: c.connectFailures,
      lost: c.lost,
      ended: c.ended,
    },
    connectLatency: latency(c.connectLatency),
    telemetry: { sent: c.telemetry, perSecond: perSecond(c.telemetry), latency: latency(c.telemetryLatency) },
    methods: { calls: c.methods, perSecond: perSecond(c.methods), latency: latency(c.methodLatency) },
    reboots: c.reboots,
    configurations: { success: c.configurations.Success, error: c.configurations.Error },
    reports: c.reports,
    desired: c.desired,
    messages: c.messages,
    faults: c.faults,
    errors: c.errors,
  };
}

export type FleetSummary = ReturnType<typeof summarize>;

/** The same for people. */
export function renderSummary(s: FleetSummary): string[] {
  const line = (name: string, text: string): string => `  ${name.padEnd(15)}${text}`;
  const times = (l: FleetSummary['connectLatency']): string =>
    l.count === 0 ? '' : `; p50 ${ms(l.p50)}, p95 ${ms(l.p95)}, p99 ${ms(l.p99)}, most ${ms(l.max)}`;
  const { connected: c } = s;
  const optional: [string, number][] = [
    ['commands', s.messages],
    ['faults', s.faults],
    ['errors', s.errors],
  ];
  return [
    `fleet of ${s.devices}, ${formatDuration(s.elapsedMs)}:`,
    line(
      'connections',
      `${c.connects}, at most ${c.most} at once, ${c.lost} lost, ${c.failures} failed attempts, ${c.ended} devices ended${times(s.connectLatency)}`,
    ),
    line('telemetry', `${s.telemetry.sent} (${s.telemetry.perSecond}/s)${times(s.telemetry.latency)}`),
    line('methods', `${s.methods.calls}${times(s.methods.latency)}`),
    line('reboots', String(s.reboots)),
    line('configurations', `${s.configurations.success} applied, ${s.configurations.error} refused`),
    ...optional.filter(([, count]) => count > 0).map(([name, count]) => line(name, String(count))),
  ];
}

function latency(histogram: LatencyHistogram) {
  const at = (share: number): number => Number(histogram.percentile(share).toFixed(1));
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.maxMs };
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
