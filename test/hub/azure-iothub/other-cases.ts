import azureIotHub, { type Client, type DigitalTwinClient, type JobClient, type Twin } from 'azure-iothub';
import { expect } from 'vitest';
import { openDevice } from '../../support/device.ts';
import { newMessage } from '../front-ends/amqp/clients.ts';
import type { Cases, Things } from './world.ts';

const NOBODY = 'nobody';
const PATCH = { etag: '*', tags: { a: 1 } };
const METHOD = { methodName: 'x', payload: null, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 5 };

/** Answers every direct method of a device as long as something goes on. */
async function whileAnswering<Result>(
  { hub, deviceId }: Things,
  name: string,
  run: () => Promise<Result>,
): Promise<Result> {
  const { responseBody } = await hub.registry().get(deviceId);
  const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
  const gateway = `localhost:${hub.ports.mqtt}`;
  const connectionString = `HostName=localhost;DeviceId=${deviceId};SharedAccessKey=${key};GatewayHostName=${gateway}`;
  const device = await openDevice(hub, { deviceId, key, connectionString });
  device.onDeviceMethod(name, (_request, response) => void response.send(200, 'done'));
  try {
    return await run();
  } finally {
    await device.close();
  }
}

export const JOB_CLIENT_CASES: Cases<JobClient> = {
  getJob: {
    call: (client, { jobId }) => client.getJob(jobId),
    refused: [
      { when: 'the job is unknown', call: (client) => client.getJob(NOBODY), name: 'Error', code: 'JobNotFound' },
    ],
  },
  createQuery: {
    call: (client) => client.createQuery('scheduleUpdateTwin', 'scheduled', 1).next(),
    refused: [
      {
        when: 'the continuation token is none',
        call: (client) => client.createQuery().next('x'),
        name: 'ArgumentError',
        code: 'ArgumentInvalid',
      },
    ],
  },
  cancelJob: {
    call: (client, { jobId }) => client.cancelJob(jobId),
    refused: [
      { when: 'the job is unknown', call: (client) => client.cancelJob(NOBODY), name: 'Error', code: 'JobNotFound' },
      {
        when: 'the job is over',
        call: async (client, { jobId }) => {
          await client.cancelJob(jobId);
          return client.cancelJob(jobId);
        },
        name: 'ArgumentError',
        code: 'InvalidOperation',
      },
    ],
  },
  scheduleDeviceMethod: {
    call: (client, { freshId }) => client.scheduleDeviceMethod(freshId, "deviceId = 'nobody'", METHOD),
    refused: [
      {
        when: 'the id is taken',
        call: (client, { jobId }) => client.scheduleDeviceMethod(jobId, '*', METHOD),
        name: 'DeviceAlreadyExistsError',
        code: 'JobAlreadyExists',
      },
      {
        when: 'the condition is none',
        call: (client, { freshId }) => client.scheduleDeviceMethod(freshId, 'tags =', METHOD),
        name: 'ArgumentError',
        code: 'ArgumentInvalid',
      },
    ],
  },
  scheduleTwinUpdate: {
    call: (client, { freshId }) => client.scheduleTwinUpdate(freshId, "deviceId = 'nobody'", PATCH),
    refused: [
      {
        when: 'the id is taken',
        call: (client, { jobId }) => client.scheduleTwinUpdate(jobId, '*', PATCH),
        name: 'DeviceAlreadyExistsError',
        code: 'JobAlreadyExists',
      },
      {
        when: 'the patch has another etag than *',
        call: (client, { freshId }) => client.scheduleTwinUpdate(freshId, '*', { etag: 'AAAA', tags: {} }),
        name: 'ArgumentError',
        code: 'ArgumentInvalid',
      },
    ],
  },
  fromConnectionString: {
    call: (_client, { hub }) => expect(hub.jobClient()).toBeInstanceOf(azureIotHub.JobClient),
    refused: [
      {
        when: 'the text is none',
        call: () => azureIotHub.JobClient.fromConnectionString('HostName=x'),
        name: 'ArgumentError',
      },
    ],
  },
  fromSharedAccessSignature: {
    call: () => azureIotHub.JobClient.fromSharedAccessSignature('SharedAccessSignature sr=localhost&sig=x&se=1&skn=y'),
    refused: [
      {
        when: 'the text is none',
        call: () => azureIotHub.JobClient.fromSharedAccessSignature('x'),
        name: 'FormatError',
      },
    ],
  },
  fromTokenCredential: {
    call: () => azureIotHub.JobClient.fromTokenCredential('localhost', { getToken: () => Promise.resolve(null) }),
    refused: [],
  },
};

/** Of a client over AMQP that is open. */
export const CLIENT_CASES: Cases<Client> = {
  open: { call: (client) => client.open(), refused: [] },
  close: { call: (client) => client.close(), refused: [] },
  send: {
    call: (client, { deviceId }) => client.send(deviceId, newMessage('x')),
    refused: [
      {
        when: 'the device is unknown',
        call: (client) => client.send(NOBODY, newMessage('x')),
        name: 'DeviceNotFoundError',
      },
      {
        when: 'the message is too large',
        call: (client, { deviceId }) => client.send(deviceId, newMessage(Buffer.alloc(65_537))),
        name: 'MessageTooLargeError',
      },
      {
        when: 'the queue is full',
        call: async (client, { deviceId }) => {
          for (let i = 0; i < 50; i += 1) await client.send(deviceId, newMessage('x'));
          return client.send(deviceId, newMessage('x'));
        },
        name: 'DeviceMaximumQueueDepthExceededError',
      },
    ],
  },
  invokeDeviceMethod: {
    call: (client, things) => whileAnswering(things, 'x', () => client.invokeDeviceMethod(things.deviceId, METHOD)),
    refused: [
      {
        when: 'the device is unknown',
        call: (client) => client.invokeDeviceMethod(NOBODY, METHOD),
        name: 'DeviceNotFoundError',
        code: 'DeviceNotFound',
      },
      {
        when: 'the device is away',
        call: (client, { deviceId }) => client.invokeDeviceMethod(deviceId, { ...METHOD, connectTimeoutInSeconds: 0 }),
        name: 'Error',
        code: '404103',
      },
      {
        when: 'a timeout is out of range',
        call: (client, { deviceId }) => client.invokeDeviceMethod(deviceId, { ...METHOD, responseTimeoutInSeconds: 1 }),
        name: 'ArgumentError',
        code: '400004',
      },
    ],
  },
  getFeedbackReceiver: { call: (client) => client.getFeedbackReceiver(), refused: [] },
  getFileNotificationReceiver: { call: (client) => client.getFileNotificationReceiver(), refused: [] },
  setRetryPolicy: {
    call: (client) => client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 }),
    refused: [{ when: 'it is none', call: (client) => client.setRetryPolicy(null as never), name: 'ReferenceError' }],
  },
  fromConnectionString: {
    call: (_client, { hub }) => expect(hub.serviceClient()).toBeInstanceOf(azureIotHub.Client),
    refused: [
      {
        when: 'the text is none',
        call: () => azureIotHub.Client.fromConnectionString('HostName=x'),
        name: 'ArgumentError',
      },
    ],
  },
  fromSharedAccessSignature: {
    call: () => azureIotHub.Client.fromSharedAccessSignature('SharedAccessSignature sr=localhost&sig=x&se=1&skn=y'),
    refused: [
      { when: 'the text is none', call: () => azureIotHub.Client.fromSharedAccessSignature('x'), name: 'FormatError' },
    ],
  },
  fromTokenCredential: {
    call: () => azureIotHub.Client.fromTokenCredential('localhost', { getToken: () => Promise.resolve(null) }),
    refused: [],
  },
};

export const TWIN_CASES: Cases<Twin> = {
  get: {
    call: (twin) => twin.get(),
    refused: [
      {
        when: 'its device is gone',
        call: async (twin, { hub, deviceId }) => {
          await hub.registry().delete(deviceId);
          return twin.get();
        },
        name: 'DeviceNotFoundError',
      },
    ],
  },
  update: {
    call: (twin) => twin.update({ tags: { a: 'b' } }),
    refused: [
      {
        when: 'somebody else has changed it',
        call: async (twin, { hub, deviceId }) => {
          await hub.registry().updateTwin(deviceId, { tags: { a: 1 } }, '*');
          return twin.update({ tags: { a: 2 } });
        },
        name: 'InvalidEtagError',
        code: 'PreconditionFailed',
      },
      {
        when: 'the patch is too deep',
        call: (twin) => {
          const deep = Array.from({ length: 12 }).reduce<object>((inner) => ({ inner }), { leaf: 1 });
          return twin.update({ tags: deep });
        },
        name: 'ArgumentError',
        code: 'ArgumentInvalid',
      },
    ],
  },
  toJSON: { call: (twin) => twin.toJSON(), refused: [] },
};

/** The device may be about to subscribe still. */
const CONNECTING = { connectTimeoutInSeconds: 5 };

const componentCall = (client: DigitalTwinClient, deviceId: string) =>
  client.invokeComponentCommand(deviceId, 'c', 'run', {}, { connectTimeoutInSeconds: 0 });

export const DIGITAL_TWIN_CASES: Cases<DigitalTwinClient> = {
  getDigitalTwin: {
    call: (client, { deviceId }) => client.getDigitalTwin(deviceId),
    refused: [
      {
        when: 'the device is unknown',
        call: (client) => client.getDigitalTwin(NOBODY),
        name: 'Error',
        code: '404',
      },
    ],
  },
  updateDigitalTwin: {
    call: (client, { deviceId }) => client.updateDigitalTwin(deviceId, [{ op: 'add', path: '/a', value: 1 }]),
    refused: [
      {
        when: 'the device is unknown',
        call: (client) => client.updateDigitalTwin(NOBODY, []),
        name: 'Error',
        code: '404',
      },
      {
        when: 'the etag is stale',
        call: (client, { deviceId }) =>
          client.updateDigitalTwin(deviceId, [{ op: 'add', path: '/a', value: 1 }], '"AAAA"'),
        name: 'Error',
        code: '412',
      },
      {
        when: 'the patch is none',
        call: (client, { deviceId }) => client.updateDigitalTwin(deviceId, [{ op: 'jump', path: '/a' }]),
        name: 'Error',
        code: '400',
      },
    ],
  },
  invokeCommand: {
    call: (client, things) =>
      whileAnswering(things, 'run', () => client.invokeCommand(things.deviceId, 'run', {}, CONNECTING)),
    refused: [
      {
        when: 'the device is away',
        call: (client, { deviceId }) => client.invokeCommand(deviceId, 'run', {}, { connectTimeoutInSeconds: 0 }),
        name: 'Error',
        code: '404',
      },
    ],
  },
  invokeComponentCommand: {
    call: (client, things) =>
      whileAnswering(things, 'c*run', () => client.invokeComponentCommand(things.deviceId, 'c', 'run', {}, CONNECTING)),
    refused: [
      {
        when: 'the device is away',
        call: (client, { deviceId }) => componentCall(client, deviceId),
        name: 'Error',
        code: '404',
      },
    ],
  },
};
