/** On Azure's ports an SDK is given nothing but the connection string. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
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

const closed = (await Promise.all(STANDARD_PORTS.map(whyClosed))).filter((reason) => reason !== undefined);

if (closed.length > 0) {
  test('a hub on standard ports', ({ skip }) => skip(closed.join(', ')));
} else {
  describe('a hub on standard ports', () => {
    describeDeviceLife(async () => {
      const hub = await HubProcess.onStandardPorts();
      const distrust = trustEverywhere(hub.ca);
      return {
        reach: onStandardPorts(hub),
        interrupt: () => Promise.resolve(),
        advance: (duration) => hub.advance(duration),
        async [Symbol.asyncDispose]() {
          distrust();
          await hub[Symbol.asyncDispose]();
        },
      };
    });
  });

  test('a program of somebody else needs the environment of "hub env" and no more, over any transport', async () => {
    await using hub = await HubProcess.onStandardPorts();
    const env = { ...process.env, ...(await hub.env('d')) };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', FOREIGN_PROGRAM], { env });
    expect(JSON.parse(stdout)).toEqual({ sent: ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http'], devices: ['d'] });
  });
}

/** Why nobody can listen on a port here: it is taken, or not for this user. */
function whyClosed(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(`port ${port}: ${error.code}`));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
