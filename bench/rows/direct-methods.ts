import { Agent } from 'node:https';
import type { TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { median, percentile, RUNS, timed } from '../measure.ts';
import type { Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { peerCertificates } from '../support/certificates.ts';
import { Child } from '../support/child.ts';
import { callHttps, HubUnderTest } from '../support/local-hub.ts';
import { connectDevice, subscribePacket } from '../support/raw-device.ts';

const WARM_UP_CALLS = 2000;
const CALLS = 2000;
const PERCENTILES = [50, 99] as const;
const PAYLOAD = { seconds: 5, reason: 'x'.repeat(60) };
const METHODS = '$iothub/methods/POST/#';

/** Calls the one device once. */
type Call = () => Promise<unknown>;

export const directMethods: Row = {
  name: 'direct-methods',
  run: async (say) => {
    const ours = await setUpHub();
    const floor = await setUpFloor();
    try {
      await callMany(ours.call, WARM_UP_CALLS);
      await callMany(floor.call, WARM_UP_CALLS);
      const taken: { ours: number[]; floor: number[] }[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        say(`run ${run + 1} of ${RUNS}`);
        taken.push(await callByTurns(ours.call, floor.call));
      }
      return PERCENTILES.map((percent): Comparison => ({
        what: `direct method, service HTTPS → device MQTT → back, p${percent} of ${CALLS} calls one after the other`,
        ours: median(taken.map((run) => percentile(run.ours, percent))),
        peer: median(taken.map((run) => percentile(run.floor, percent))),
        peerName: 'the same bytes through a bare HTTPS server and MQTT socket',
        unit: 'ms',
        goal: { kind: 'ratioAtMost', limit: 1.3 },
      }));
    } finally {
      await ours.close();
      await floor.close();
    }
  },
};

/** So that whatever else the machine does falls on both alike. */
async function callByTurns(ours: Call, floor: Call): Promise<{ ours: number[]; floor: number[] }> {
  const taken = { ours: [] as number[], floor: [] as number[] };
  for (let i = 0; i < CALLS; i += 1) {
    taken.ours.push(await timed(ours));
    taken.floor.push(await timed(floor));
  }
  return taken;
}

async function callMany(call: Call, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await call();
}

async function setUpHub(): Promise<{ call: Call; close: () => Promise<void> }> {
  const hub = await HubUnderTest.start();
  await hub.register('device', 1000);
  const device = await answeringDevice({ port: hub.discovery.mqttPort, ca: hub.discovery.ca });
  const body = JSON.stringify({ methodName: 'echo', responseTimeoutInSeconds: 30, payload: PAYLOAD });
  return {
    call: async () => {
      const { status, text } = await hub.call('POST', '/twins/device0/methods', body);
      if (status !== 200) throw new Error(text);
    },
    close: async () => {
      device.destroy();
      await hub.close();
    },
  };
}

async function setUpFloor(): Promise<{ call: Call; close: () => Promise<void> }> {
  const { key, certificate, caCertificate: ca } = await peerCertificates();
  const child = new Child('echo');
  const ports = await child.ask<{ httpsPort: number; mqttPort: number }>('start', { key, cert: certificate });
  const device = await answeringDevice({ port: ports.mqttPort, ca });
  const agent = new Agent({ keepAlive: true, ca });
  const body = JSON.stringify(PAYLOAD);
  const options = {
    agent,
    host: '127.0.0.1',
    servername: 'localhost',
    port: ports.httpsPort,
    method: 'POST',
    path: '/twins/device0/methods?api-version=2021-04-12',
    // A request to the hub carries a token: the floor reads as many bytes.
    headers: { authorization: 'x'.repeat(150), 'content-length': body.length },
  };
  return {
    call: () => callHttps(options, body),
    close: async () => {
      device.destroy();
      agent.destroy();
      await child.close();
    },
  };
}

/** Answers every method with 200 and its own payload. */
async function answeringDevice(address: { port: number; ca: string }): Promise<TLSSocket> {
  const socket = await connectDevice(address, 'device0');
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  const subscribed = new Promise<void>((resolve) => {
    parser.on('packet', (packet) => {
      if (packet.cmd === 'suback') resolve();
      if (packet.cmd !== 'publish') return;
      const rid = packet.topic.slice(packet.topic.indexOf('$rid='));
      const topic = `$iothub/methods/res/200/?${rid}`;
      socket.write(
        mqttPacket.generate({ cmd: 'publish', topic, payload: packet.payload, qos: 0, dup: false, retain: false }),
      );
    });
  });
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  socket.write(subscribePacket(METHODS));
  await subscribed;
  return socket;
}
