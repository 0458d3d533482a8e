import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { startHub } from '../../../support/hub.ts';
import { openAmqpDevice, TRANSPORTS } from './clients.ts';

describe.each(TRANSPORTS)('a hub that stops, over %s', (transport) => {
  test('tells its devices at once', async () => {
    const hub = await startHub();
    const client = await openAmqpDevice(hub, await hub.createDevice('left'), transport);
    await client.getTwin();
    const disconnected = new Promise<unknown>((resolve) => client.once('disconnect', resolve));
    const started = performance.now();
    await hub.close();
    expect(performance.now() - started).toBeLessThan(2_000);
    // What the SDK connects again for, if it is left its retries.
    expect(await disconnected).toMatchObject({ transportObj: { name: 'ServiceUnavailableError' } });
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('a hub that stops', () => {
  test('does not wait for a client that says nothing', async () => {
    const hub = await startHub();
    const socket = connect({ host: 'localhost', port: hub.server.ports.amqp, ca: hub.ca });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await hub.close();
    await closed;
  });
});
