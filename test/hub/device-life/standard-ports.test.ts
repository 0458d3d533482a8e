/** On Azure's ports an SDK is given nothing but the connection string. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { trustEverywhere } from '../../support/trust.ts';
import { onStandardPorts } from './reach.ts';
import { describeDeviceLife } from './suite.ts';

const STANDARD_PORTS = [443, 8883, 5671];

const FOREIGN_PROGRAM = `
  const { Client, Message } = require('azure-iot-device');
  const transports = { ...require('azure-iot-device-mqtt'), ...require('azure-iot-device-amqp'), ...require('azure-iot-device-http') };
  const { Registry } = require('azure-iothub');
  (async () => {
    const sent = [];
    for (const name of ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http']) {
      const client = Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, transports[name]);
      await client.sendEvent(new Message('x'));
      await client.close();
      sent.push(name);
    }
    const { responseBody } = await Registry.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING).list();
    console.log(JSON.stringify({ sent, devices: responseBody.map(({ deviceId }) => deviceId) }));
  })();`;

/** For how long to wait for hubs of other tests, which take 8883 and 5671 where they are free. */
const PATIENCE_MS = 20_000;

const first = await openHub();

if (typeof first === 'string') {
  test('a hub on standard ports', ({ skip }) => skip(first));
} else {
  describe('a hub on standard ports', () => {
    describeDeviceLife(() => {
      const distrust = trustEverywhere(first.ca);
      return Promise.resolve({
        reach: onStandardPorts(first),
        interrupt: () => Promise.resolve(),
        advance: (duration) => first.advance(duration),
        async [Symbol.asyncDispose]() {
          distrust();
          await first[Symbol.asyncDispose]();
        },
      });
    });
  });

  test('a program of somebody else needs the environment of "hub env" and no more, over any transport', async ({
    skip,
  }) => {
    const second = await openHub();
    if (typeof second === 'string') return skip(second);
    await using hub = second;
    const env = { ...process.env, ...(await hub.env('d')) };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', FOREIGN_PROGRAM], { env });
    expect(JSON.parse(stdout)).toEqual({ sent: ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http'], devices: ['d'] });
  });
}

/** @returns why there can be none, where there can be none */
async function openHub(): Promise<HubProcess | string> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const closed = (await Promise.all(STANDARD_PORTS.map(whyClosed))).filter((reason) => reason !== undefined);
    const isForGood = closed.some((reason) => !reason.includes('EADDRINUSE'));
    if (isForGood || (closed.length > 0 && performance.now() > endsAt)) return closed.join(', ');
    if (closed.length === 0) {
      try {
        return await HubProcess.onStandardPorts();
      } catch (error) {
        // Between the look and the start another one came.
        if (!String(error).includes('is taken')) throw error;
      }
    }
    await delay(200);
  }
}

/** Why nobody can listen on a port here: it is taken, or not for this user. */
function whyClosed(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(`port ${port}: ${error.code}`));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
