import { median, processorTimeNs, RUNS } from '../measure.ts';
import { amount } from '../report.ts';
import type { Row } from '../row.ts';
import { peerCertificates } from '../support/certificates.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';

const CONNECTS = 1500;
const AT_ONCE = 20;

interface Figures {
  readonly perSecond: number;
  /** Server CPU a connect. */
  readonly us: number;
}

export const connects: Row = {
  name: 'connects',
  run: async (say) => {
    const hub = await HubUnderTest.start();
    const { key, certificate, caCertificate } = await peerCertificates();
    const bare = new Child('bare-tls');
    try {
      const deviceIds = await hub.register('device', CONNECTS);
      const port = await bare.ask<number>('start', { key, cert: certificate });
      const { mqttPort, ca } = hub.discovery;
      const ours: Figures[] = [];
      const floor: Figures[] = [];
      for (let run = 0; run <= RUNS; run += 1) {
        ours.push(await measure(hub.child.pid, { port: mqttPort, ca, deviceIds }));
        floor.push(await measure(bare.pid, { port, ca: caCertificate, deviceIds: undefined }));
        say(`ours ${amount(ours.at(-1)?.perSecond ?? 0)}/s, bare ${amount(floor.at(-1)?.perSecond ?? 0)}/s`);
      }
      const of = (figures: readonly Figures[], name: keyof Figures): number =>
        median(figures.slice(1).map((figure) => figure[name])); // the first run warms up
      return [
        {
          what: `connects of new devices over TLS, ${AT_ONCE} at once, CONNACK and DISCONNECT included`,
          ours: of(ours, 'perSecond'),
          peer: of(floor, 'perSecond'),
          peerName: 'bare TLS handshakes on the same kind of certificate',
          unit: 'connects/s',
          goal: { kind: 'ratioAtLeast', limit: 0.8 },
          notes: [`server CPU a connect: ours ${amount(of(ours, 'us'))} µs, bare ${amount(of(floor, 'us'))} µs`],
        },
      ];
    } finally {
      await bare.close();
      await hub.close();
    }
  },
};

async function measure(
  serverPid: number,
  address: { port: number; ca: string; deviceIds: readonly string[] | undefined },
): Promise<Figures> {
  const load = new Child('connect-load');
  try {
    const before = processorTimeNs(serverPid);
    const ms = await load.ask<number>('run', { ...address, connects: CONNECTS, atOnce: AT_ONCE });
    const us = (processorTimeNs(serverPid) - before) / CONNECTS / 1000;
    return { perSecond: (CONNECTS / ms) * 1000, us };
  } finally {
    await load.close();
  }
}
