import { median, processorTimeNs, RUNS } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { peerCertificates } from '../support/certificates.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';
import { MOSQUITTO_MISSING, startMosquitto } from '../support/mosquitto.ts';

const CONNECTIONS = 50;
const REGISTERED = 1000;
const WARM_UP_MS = 1500;
const RUN_MS = 2000;
const IN_FLIGHT = [20, 1] as const;

interface Broker {
  readonly pid: number;
  readonly port: number;
  readonly ca: string;
  close(): Promise<void>;
}

interface Figures {
  /** Microseconds of server CPU a message, by how many were in flight. */
  readonly us: ReadonlyMap<number, number>;
  readonly perSecond: ReadonlyMap<number, number>;
}

export const telemetry: Row = {
  name: 'telemetry',
  run: async (say) => {
    const ours = await measure(await ourHub(), say, 'our hub');
    const mosquitto = await measureIf(await mosquittoBroker(), say, 'Mosquitto');
    const aedes = await measure(await aedesBroker(), say, 'Aedes');
    return IN_FLIGHT.map((inFlight): Comparison => {
      const us = (figures: Figures): number => figures.us.get(inFlight) ?? Number.NaN;
      const rate = (figures: Figures): string => `${amount(figures.perSecond.get(inFlight) ?? Number.NaN)}/s`;
      return {
        what: `telemetry, ${CONNECTIONS} TLS connections, QoS 1, ${inFlight} in flight each: server CPU a message`,
        ours: us(ours),
        peer: mosquitto === undefined ? undefined : us(mosquitto),
        peerName: mosquitto === undefined ? MOSQUITTO_MISSING : 'Mosquitto',
        unit: 'µs',
        goal: { kind: 'ratioAtMost', limit: inFlight === 1 ? 1.1 : 0.7 },
        notes: [
          `Aedes ${amount(us(aedes))} µs; throughput with the load on the other core: ours ${rate(ours)}, ` +
            `Mosquitto ${mosquitto === undefined ? '-' : rate(mosquitto)}, Aedes ${rate(aedes)}`,
        ],
      };
    });
  },
};

async function measureIf(
  broker: Broker | undefined,
  say: (line: string) => void,
  name: string,
): Promise<Figures | undefined> {
  return broker === undefined ? undefined : measure(broker, say, name);
}

async function measure(broker: Broker, say: (line: string) => void, name: string): Promise<Figures> {
  const load = new Child('mqtt-load');
  try {
    const deviceIds = Array.from({ length: CONNECTIONS }, (_, i) => `device${i}`);
    await load.ask('connect', { port: broker.port, ca: broker.ca, deviceIds, kind: 'telemetry' });
    const us = new Map<number, number>();
    const perSecond = new Map<number, number>();
    for (const inFlight of IN_FLIGHT) {
      await load.ask('run', { inFlight, ms: WARM_UP_MS });
      const costs: number[] = [];
      const rates: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const before = processorTimeNs(broker.pid);
        const { answered, ms } = await load.ask<{ answered: number; ms: number }>('run', { inFlight, ms: RUN_MS });
        costs.push((processorTimeNs(broker.pid) - before) / answered / 1000);
        rates.push((answered / ms) * 1000);
      }
      us.set(inFlight, median(costs));
      perSecond.set(inFlight, median(rates));
      say(`${name}, ${inFlight} in flight: ${costs.map(amount).join(', ')} µs a message`);
    }
    return { us, perSecond };
  } finally {
    await load.close();
    await broker.close();
  }
}

async function ourHub(): Promise<Broker> {
  const hub = await HubUnderTest.start();
  await hub.register('device', REGISTERED);
  const { mqttPort, ca } = hub.discovery;
  return { pid: hub.child.pid, port: mqttPort, ca, close: () => hub.close() };
}

async function mosquittoBroker(): Promise<Broker | undefined> {
  const certificates = await peerCertificates();
  const broker = await startMosquitto(certificates);
  return broker === undefined ? undefined : { ...broker, ca: certificates.caCertificate };
}

async function aedesBroker(): Promise<Broker> {
  const { key, certificate, caCertificate } = await peerCertificates();
  const child = new Child('aedes');
  const port = await child.ask<number>('start', { key, cert: certificate });
  return { pid: child.pid, port, ca: caCertificate, close: () => child.close() };
}
