import { median, processorTimeNs } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { peerCertificates } from '../support/certificates.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';
import { MOSQUITTO_MISSING, startMosquitto } from '../support/mosquitto.ts';

const CONNECTIONS = 50;
const REGISTERED = 1000;
const RUNS = 5;
const RUN_MS = 1500;
const IN_FLIGHT = [20, 1] as const;

interface Broker {
  readonly pid: number;
  readonly port: number;
  readonly ca: string;
  close(): Promise<void>;
}

export const telemetry: Row = {
  name: 'telemetry',
  run: async (say) => {
    // All at once and by turns, so that whatever else the machine does falls on each of them alike.
    const subjects = await Promise.all([
      subject('ours', ourHub),
      subject('Mosquitto', mosquittoBroker),
      subject('Aedes', aedesBroker),
    ]);
    const [ours, mosquitto, aedes] = subjects;
    try {
      for (const inFlight of IN_FLIGHT) {
        for (let run = 0; run <= RUNS; run += 1) {
          for (const each of subjects) await takeFigures(each, inFlight, { keep: run > 0 });
        }
        say(
          `${inFlight} in flight: ${subjects.map((each) => `${each.name} ${amount(usOf(each, inFlight))} µs`).join(', ')}`,
        );
      }
    } finally {
      for (const each of subjects) await each.close();
    }
    return IN_FLIGHT.map((inFlight): Comparison => ({
      what: `telemetry, ${CONNECTIONS} TLS connections, QoS 1, ${inFlight} in flight each: server CPU a message`,
      ours: usOf(ours, inFlight),
      peer: mosquitto.broker === undefined ? undefined : usOf(mosquitto, inFlight),
      peerName: mosquitto.broker === undefined ? MOSQUITTO_MISSING : 'Mosquitto',
      unit: 'µs',
      goal: { kind: 'ratioAtMost', limit: inFlight === 1 ? 1.1 : 0.7 },
      notes: [
        `Aedes ${amount(usOf(aedes, inFlight))} µs; messages/s with the load on the other core: ` +
          subjects.map((each) => `${each.name} ${amount(rateOf(each, inFlight))}`).join(', '),
      ],
    }));
  },
};

interface Figure {
  readonly inFlight: number;
  /** Microseconds of server CPU a message. */
  readonly us: number;
  readonly perSecond: number;
}

/** A broker under load; without a broker nothing is measured. */
interface Subject {
  readonly name: string;
  readonly broker: Broker | undefined;
  readonly load: Child | undefined;
  readonly figures: Figure[];
  close(): Promise<void>;
}

async function subject(name: string, start: () => Promise<Broker | undefined>): Promise<Subject> {
  const broker = await start();
  const load = broker === undefined ? undefined : new Child('mqtt-load');
  const deviceIds = Array.from({ length: CONNECTIONS }, (_, i) => `device${i}`);
  await load?.ask('connect', { port: broker?.port, ca: broker?.ca, deviceIds, kind: 'telemetry' });
  const close = async (): Promise<void> => {
    await load?.close();
    await broker?.close();
  };
  return { name, broker, load, figures: [], close };
}

async function takeFigures(
  { broker, load, figures }: Subject,
  inFlight: number,
  { keep }: { keep: boolean },
): Promise<void> {
  if (broker === undefined || load === undefined) return;
  const before = processorTimeNs(broker.pid);
  const { answered, ms } = await load.ask<{ answered: number; ms: number }>('run', { inFlight, ms: RUN_MS });
  const us = (processorTimeNs(broker.pid) - before) / answered / 1000;
  if (keep) figures.push({ inFlight, us, perSecond: (answered / ms) * 1000 }); // the first run warms up
}

function usOf({ figures }: Subject, inFlight: number): number {
  return median(figures.filter((figure) => figure.inFlight === inFlight).map(({ us }) => us));
}

function rateOf({ figures }: Subject, inFlight: number): number {
  return median(figures.filter((figure) => figure.inFlight === inFlight).map(({ perSecond }) => perSecond));
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
