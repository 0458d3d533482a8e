import type { TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { connectDevice, PacketCounter, subscribePacket, type ServerAddress } from '../support/raw-device.ts';
import { serve } from '../support/serve.ts';

/** Packets made once and sent round and round: the load costs as little as it can. */
interface Ring {
  readonly bytes: Buffer;
  readonly packetBytes: number;
  readonly packets: number;
}

interface LoadedConnection {
  readonly socket: TLSSocket;
  readonly ring: Ring;
  readonly counter: PacketCounter;
  next: number;
  outstanding: number;
}

export interface LoadOptions extends ServerAddress {
  readonly deviceIds: readonly string[];
  /** What each packet of the load is: telemetry with QoS 1 or a reported-property patch. */
  readonly kind: 'telemetry' | 'report';
}

const RING_PACKETS = 64;
const BODY = JSON.stringify({ temperature: 21.5, humidity: 55, pressure: 1013, note: 'x'.repeat(140) });

let connections: LoadedConnection[] = [];
let goal = 0;
let answered = 0;
let whenIdle: (() => void) | undefined;

serve({
  connect: async (options: LoadOptions) => {
    connections = await Promise.all(options.deviceIds.map((deviceId) => open(options, deviceId)));
  },
  /** Keeps so many packets of each connection unanswered for so long; tells how many were answered. */
  run: async ({ inFlight, ms }: { inFlight: number; ms: number }) => {
    goal = inFlight;
    answered = 0;
    const start = performance.now();
    for (const connection of connections) refill(connection);
    await new Promise((resolve) => setTimeout(resolve, ms));
    goal = 0;
    await new Promise<void>((resolve) => {
      whenIdle = resolve;
      tellIfIdle();
    });
    return { answered, ms: performance.now() - start };
  },
});

async function open(options: LoadOptions, deviceId: string): Promise<LoadedConnection> {
  const socket = await connectDevice(options, deviceId);
  if (options.kind === 'report') {
    socket.write(subscribePacket('$iothub/twin/res/#'));
    await new Promise((resolve) => socket.once('data', resolve));
  }
  const ring = options.kind === 'telemetry' ? telemetryRing(deviceId) : reportRing();
  const connection = { socket, ring, counter: new PacketCounter(), next: 0, outstanding: 0 };
  socket.on('data', (chunk: Buffer) => {
    const packets = connection.counter.count(chunk);
    answered += packets;
    connection.outstanding -= packets;
    refill(connection);
    if (goal === 0) tellIfIdle();
  });
  return connection;
}

function tellIfIdle(): void {
  if (connections.every(({ outstanding }) => outstanding === 0)) whenIdle?.();
}

function refill(connection: LoadedConnection): void {
  let missing = goal - connection.outstanding;
  if (missing <= 0) return;
  connection.outstanding += missing;
  const { socket, ring } = connection;
  while (missing > 0) {
    const packets = Math.min(missing, ring.packets - connection.next);
    socket.write(
      ring.bytes.subarray(connection.next * ring.packetBytes, (connection.next + packets) * ring.packetBytes),
    );
    connection.next = (connection.next + packets) % ring.packets;
    missing -= packets;
  }
}

function telemetryRing(deviceId: string): Ring {
  const topic = `devices/${deviceId}/messages/events/$.ct=application%2Fjson&$.ce=utf-8&level=info`;
  return newRing((i) => ({
    cmd: 'publish',
    topic,
    payload: BODY,
    qos: 1,
    messageId: i + 1,
    dup: false,
    retain: false,
  }));
}

function reportRing(): Ring {
  return newRing((i) => ({
    cmd: 'publish',
    topic: `$iothub/twin/PATCH/properties/reported/?$rid=${10 + i}`,
    payload: JSON.stringify({ temperature: 1000 + i, state: { phase: 'running' } }),
    qos: 0,
    dup: false,
    retain: false,
  }));
}

function newRing(packetAt: (index: number) => mqttPacket.IPublishPacket): Ring {
  const packets = Array.from({ length: RING_PACKETS }, (_, i) => mqttPacket.generate(packetAt(i)));
  return { bytes: Buffer.concat(packets), packetBytes: packets[0]?.length ?? 0, packets: RING_PACKETS };
}
