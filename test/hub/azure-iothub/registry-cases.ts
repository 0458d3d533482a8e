import type { Registry } from 'azure-iothub';
import azureIotHub from 'azure-iothub';
import { expect } from 'vitest';
import type { Cases, Refusal, Things } from './world.ts';

type Call = Refusal<Registry>['call'];

const NOBODY = 'nobody';
const EXPORT = { deviceContent: { 'properties.desired.b': 2 } };
const DEPLOYMENT = { modulesContent: { $edgeAgent: { 'properties.desired.a': 1 } } };

const unknownDevice = (call: Call): Refusal<Registry> => ({
  when: 'the device is unknown',
  call,
  name: 'DeviceNotFoundError',
  code: 'DeviceNotFound',
});
const unknownModule = (call: Call): Refusal<Registry> => ({
  when: 'the module is unknown',
  call,
  name: 'Error',
  code: 'ModuleNotFound',
});
const unknownConfiguration = (call: Call): Refusal<Registry> => ({
  when: 'the configuration is unknown',
  call,
  name: 'Error',
  code: 'ConfigurationNotFound',
});
const badArgument = (when: string, call: Call, code = 'ArgumentInvalid'): Refusal<Registry> => ({
  when,
  call,
  name: 'ArgumentError',
  code,
});
const staleEtag = (call: Call): Refusal<Registry> => ({
  when: 'the etag is stale',
  call,
  name: 'InvalidEtagError',
  code: 'PreconditionFailed',
});
const unknownJob = (call: Call): Refusal<Registry> => ({
  when: 'the job is unknown',
  call,
  name: 'Error',
  code: 'JobNotFound',
});

/** Waits until the jobs that import or export are over, so that the next one may begin. */
async function transfersOver({ hub }: Things): Promise<void> {
  const active = async (): Promise<boolean> => {
    const { responseBody } = await hub.registry().listJobs();
    return (responseBody as { status: string }[]).some(({ status }) => status === 'enqueued' || status === 'running');
  };
  await expect.poll(active, { interval: 5 }).toBe(false);
}

async function newTransfer(registry: Registry, { storage }: Things): Promise<string> {
  const created: object = await registry.exportDevicesToBlob(storage.container('out'), true);
  return String(Reflect.get(Reflect.get(created, 'responseBody') ?? created, 'jobId'));
}

async function transfer(things: Things, begin: () => Promise<unknown>): Promise<void> {
  things.storage.blobs.set('/in/devices.txt', '');
  await begin();
  await transfersOver(things);
}

/** Calls again while the first one is active. */
async function twice(things: Things, begin: () => Promise<unknown>): Promise<unknown> {
  let goOn = (): void => undefined;
  things.storage.hold = new Promise((resolve) => (goOn = resolve));
  try {
    await begin();
    return await begin();
  } finally {
    goOn();
    await transfersOver(things);
  }
}

const anotherIsActive = (call: Call): Refusal<Registry> => ({
  when: 'another one is active',
  call,
  name: 'TooManyDevicesError', // the SDK's word for every 403
  code: 'JobQuotaExceeded',
});

export const REGISTRY_CASES: Cases<Registry> = {
  create: {
    call: (registry, { freshId }) => registry.create({ deviceId: freshId }),
    refused: [
      {
        when: 'the id is taken',
        call: (registry, { deviceId }) => registry.create({ deviceId }),
        name: 'DeviceAlreadyExistsError',
        code: 'DeviceAlreadyExists',
      },
      badArgument('the id is none', (registry) => registry.create({ deviceId: 'a b' })),
    ],
  },
  update: {
    call: (registry, { deviceId }) => registry.update({ deviceId, statusReason: 'x' }),
    refused: [
      unknownDevice((registry) => registry.update({ deviceId: NOBODY })),
      badArgument('the status is none', (registry, { deviceId }) =>
        registry.update({ deviceId, status: 'odd' as never }),
      ),
    ],
  },
  get: {
    call: (registry, { deviceId }) => registry.get(deviceId),
    refused: [unknownDevice((registry) => registry.get(NOBODY))],
  },
  list: { call: (registry) => registry.list(), refused: [] },
  delete: {
    call: (registry, { deviceId }) => registry.delete(deviceId),
    refused: [unknownDevice((registry) => registry.delete(NOBODY))],
  },
  addDevices: {
    call: (registry, { freshId }) => registry.addDevices([{ deviceId: freshId }]),
    refused: [
      badArgument(
        'an id is taken',
        (registry, { deviceId }) => registry.addDevices([{ deviceId }]),
        'DeviceAlreadyExists',
      ),
      {
        when: 'there are more than a hundred', // which the SDK sees itself
        call: (registry) => registry.addDevices(Array.from({ length: 101 }, (_, i) => ({ deviceId: `d${i}` }))),
        name: 'ArgumentError',
      },
    ],
  },
  updateDevices: {
    call: (registry, { deviceId }) => registry.updateDevices([{ deviceId, status: 'disabled' }], true),
    refused: [
      badArgument(
        'a device is unknown',
        (registry) => registry.updateDevices([{ deviceId: NOBODY }], true),
        'DeviceNotFound',
      ),
      badArgument(
        'an etag is stale',
        (registry, { deviceId }) => registry.updateDevices([{ deviceId, etag: 'AAAA' }], false),
        'PreconditionFailed',
      ),
    ],
  },
  removeDevices: {
    call: (registry, { deviceId }) => registry.removeDevices([{ deviceId }], true),
    refused: [
      badArgument(
        'a device is unknown',
        (registry) => registry.removeDevices([{ deviceId: NOBODY }], true),
        'DeviceNotFound',
      ),
    ],
  },
  importDevicesFromBlob: {
    call: (registry, things) =>
      transfer(things, () =>
        registry.importDevicesFromBlob(things.storage.container('in'), things.storage.container('out')),
      ),
    refused: [
      anotherIsActive((registry, things) =>
        twice(things, () =>
          registry.importDevicesFromBlob(things.storage.container('in'), things.storage.container('out')),
        ),
      ),
      badArgument('the container is none', (registry) => registry.importDevicesFromBlob('here', 'there')),
    ],
  },
  importDevicesFromBlobByIdentity: {
    call: (registry, things) =>
      transfer(things, () =>
        registry.importDevicesFromBlobByIdentity(things.storage.container('in'), things.storage.container('out')),
      ),
    refused: [badArgument('the container is none', (registry) => registry.importDevicesFromBlobByIdentity('a', 'b'))],
  },
  exportDevicesToBlob: {
    call: (registry, things) =>
      transfer(things, () => registry.exportDevicesToBlob(things.storage.container('out'), true)),
    refused: [
      anotherIsActive((registry, things) =>
        twice(things, () => registry.exportDevicesToBlob(things.storage.container('out'), true)),
      ),
      badArgument('the container is none', (registry) => registry.exportDevicesToBlob('here', true)),
    ],
  },
  exportDevicesToBlobByIdentity: {
    call: (registry, things) =>
      transfer(things, () => registry.exportDevicesToBlobByIdentity(things.storage.container('out'), true, 'me')),
    refused: [badArgument('the container is none', (registry) => registry.exportDevicesToBlobByIdentity('here', true))],
  },
  listJobs: { call: (registry) => registry.listJobs(), refused: [] },
  getJob: {
    call: async (registry, things) => {
      const jobId = await newTransfer(things.hub.registry(), things);
      await transfersOver(things);
      return registry.getJob(jobId);
    },
    refused: [unknownJob((registry) => registry.getJob(NOBODY))],
  },
  cancelJob: {
    call: async (registry, things) => {
      let goOn = (): void => undefined;
      things.storage.hold = new Promise((resolve) => (goOn = resolve));
      const jobId = await newTransfer(things.hub.registry(), things);
      try {
        return await registry.cancelJob(jobId);
      } finally {
        goOn();
        await transfersOver(things);
      }
    },
    refused: [unknownJob((registry) => registry.cancelJob(NOBODY))],
  },
  getTwin: {
    call: (registry, { deviceId }) => registry.getTwin(deviceId),
    refused: [unknownDevice((registry) => registry.getTwin(NOBODY))],
  },
  getModuleTwin: {
    call: (registry, { deviceId }) => registry.getModuleTwin(deviceId, 'm'),
    refused: [
      unknownDevice((registry) => registry.getModuleTwin(NOBODY, 'm')),
      unknownModule((registry, { deviceId }) => registry.getModuleTwin(deviceId, NOBODY)),
    ],
  },
  updateTwin: {
    call: (registry, { deviceId }) => registry.updateTwin(deviceId, { tags: { a: 1 } }, '*'),
    refused: [
      unknownDevice((registry) => registry.updateTwin(NOBODY, {}, '*')),
      staleEtag((registry, { deviceId }) => registry.updateTwin(deviceId, {}, 'abc')),
      badArgument('a name is forbidden', (registry, { deviceId }) =>
        registry.updateTwin(deviceId, { tags: { 'a.b': 1 } }, '*'),
      ),
    ],
  },
  updateModuleTwin: {
    call: (registry, { deviceId }) => registry.updateModuleTwin(deviceId, 'm', { tags: { a: 1 } }, '*'),
    refused: [
      unknownModule((registry, { deviceId }) => registry.updateModuleTwin(deviceId, NOBODY, {}, '*')),
      staleEtag((registry, { deviceId }) => registry.updateModuleTwin(deviceId, 'm', {}, 'abc')),
    ],
  },
  createQuery: {
    call: (registry) => registry.createQuery('SELECT * FROM devices', 1).nextAsTwin(),
    refused: [badArgument('the text is no query', (registry) => registry.createQuery('SELECT').next())],
  },
  getRegistryStatistics: { call: (registry) => registry.getRegistryStatistics(), refused: [] },
  addConfiguration: {
    call: (registry, { freshId }) => registry.addConfiguration({ id: freshId, schemaVersion: '1.0', content: EXPORT }),
    refused: [
      {
        when: 'the id is taken',
        call: (registry, { configurationId }) =>
          registry.addConfiguration({ id: configurationId, schemaVersion: '1.0', content: EXPORT }),
        name: 'DeviceAlreadyExistsError',
        code: 'ConfigurationAlreadyExists',
      },
      badArgument(
        'the content is none',
        (registry, { freshId }) => registry.addConfiguration({ id: freshId, schemaVersion: '1.0', content: {} }),
        'InvalidConfigurationContent',
      ),
    ],
  },
  getConfiguration: {
    call: (registry, { configurationId }) => registry.getConfiguration(configurationId),
    refused: [unknownConfiguration((registry) => registry.getConfiguration(NOBODY))],
  },
  getConfigurations: { call: (registry) => registry.getConfigurations(), refused: [] },
  updateConfiguration: {
    call: (registry, { configurationId }) =>
      registry.updateConfiguration({ id: configurationId, schemaVersion: '1.0', priority: 7 }, true),
    refused: [
      unknownConfiguration((registry) => registry.updateConfiguration({ id: NOBODY, schemaVersion: '1.0' }, true)),
      staleEtag((registry, { configurationId }) =>
        registry.updateConfiguration({ id: configurationId, schemaVersion: '1.0', etag: 'AAAA' }),
      ),
      badArgument(
        'the content differs',
        (registry, { configurationId }) =>
          registry.updateConfiguration({ id: configurationId, schemaVersion: '1.0', content: EXPORT }, true),
        'CannotModifyImmutableConfigurationContent',
      ),
    ],
  },
  removeConfiguration: {
    call: (registry, { configurationId }) => registry.removeConfiguration(configurationId),
    refused: [unknownConfiguration((registry) => registry.removeConfiguration(NOBODY))],
  },
  applyConfigurationContentOnDevice: {
    call: (registry, { edgeId }) => registry.applyConfigurationContentOnDevice(edgeId, DEPLOYMENT),
    refused: [
      unknownDevice((registry) => registry.applyConfigurationContentOnDevice(NOBODY, DEPLOYMENT)),
      badArgument(
        'the device is no edge device',
        (registry, { deviceId }) => registry.applyConfigurationContentOnDevice(deviceId, DEPLOYMENT),
        'InvalidOperation',
      ),
    ],
  },
  addModule: {
    call: (registry, { deviceId }) => registry.addModule({ deviceId, moduleId: 'new' }),
    refused: [
      unknownDevice((registry) => registry.addModule({ deviceId: NOBODY, moduleId: 'm' })),
      {
        when: 'the id is taken',
        call: (registry, { deviceId }) => registry.addModule({ deviceId, moduleId: 'm' }),
        name: 'DeviceAlreadyExistsError',
        code: 'ModuleAlreadyExistsOnDevice',
      },
    ],
  },
  getModulesOnDevice: {
    call: (registry, { deviceId }) => registry.getModulesOnDevice(deviceId),
    refused: [unknownDevice((registry) => registry.getModulesOnDevice(NOBODY))],
  },
  getModule: {
    call: (registry, { deviceId }) => registry.getModule(deviceId, 'm'),
    refused: [unknownModule((registry, { deviceId }) => registry.getModule(deviceId, NOBODY))],
  },
  updateModule: {
    call: (registry, { deviceId }) => registry.updateModule({ deviceId, moduleId: 'm', managedBy: 'x' }, true),
    refused: [
      unknownModule((registry, { deviceId }) => registry.updateModule({ deviceId, moduleId: NOBODY }, true)),
      staleEtag((registry, { deviceId }) => registry.updateModule({ deviceId, moduleId: 'm', etag: 'AAAA' })),
    ],
  },
  removeModule: {
    call: (registry, { deviceId }) => registry.removeModule(deviceId, 'm'),
    refused: [unknownModule((registry, { deviceId }) => registry.removeModule(deviceId, NOBODY))],
  },
  fromConnectionString: {
    call: (_registry, { hub }) => expect(hub.registry()).toBeInstanceOf(azureIotHub.Registry),
    refused: [
      {
        when: 'the text is none',
        call: () => azureIotHub.Registry.fromConnectionString('HostName=x'),
        name: 'ArgumentError',
      },
    ],
  },
  fromSharedAccessSignature: {
    call: () => azureIotHub.Registry.fromSharedAccessSignature('SharedAccessSignature sr=localhost&sig=x&se=1&skn=y'),
    refused: [
      {
        when: 'the text is none',
        call: () => azureIotHub.Registry.fromSharedAccessSignature('x'),
        name: 'FormatError',
      },
    ],
  },
  fromTokenCredential: {
    call: () => azureIotHub.Registry.fromTokenCredential('localhost', { getToken: () => Promise.resolve(null) }),
    refused: [],
  },
};
