import type { DeviceProtocol } from '../../src/sdk/device-transport.ts';

/** The same suites over every protocol. */
export const PROTOCOLS = ['mqtt', 'mqtt-ws', 'amqp', 'amqp-ws'] as const satisfies readonly DeviceProtocol[];
