import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../../src/hub/front-ends/amqp/addresses.ts';
import { startPositionOf } from '../../../../src/hub/front-ends/amqp/event-hub/start-position.ts';

const device = (endpoint: string, ...spellings: object[]) => ({ kind: 'device', endpoint, spellings });

// device-protocol.md, 8.1 and 8.3; service-protocol.md, 11.4 and 12.1
describe('an address', () => {
  test.each([
    ['$cbs', { kind: 'cbs' }],
    ['/devices/d/messages/events', device('events', { deviceId: 'd' })],
    ['devices/d/messages/deviceBound', device('deviceBound', { deviceId: 'd' })],
    ['amqps://hub/devices/d/twin', device('twin', { deviceId: 'd' })],
    ['/devices/d/modules/m/methods/devicebound', device('methods', { deviceId: 'd', moduleId: 'm' })],
    ['/devices/a%23b/twin', device('twin', { deviceId: 'a%23b' }, { deviceId: 'a#b' })],
    ['/devices/a%b/twin', device('twin', { deviceId: 'a%b' })],
    ['/devices/d', { kind: 'unknown' }],
    ['/devices/d/elsewhere', { kind: 'unknown' }],
    ['/devices/d/constructor', { kind: 'unknown' }],
    ['constructor', { kind: 'unknown' }],
    ['__proto__', { kind: 'unknown' }],
    ['/messages/deviceBound', { kind: 'cloudToDevice' }],
    ['amqps://hub/messages/serviceBound/feedback', { kind: 'feedback' }],
    ['/messages/serviceBound/filenotifications', { kind: 'fileNotifications' }],
    ['amqps://hub/messages/events/$management', { kind: 'hubEvents' }],
    ['$management', { kind: 'eventHubManagement' }],
    ['hub/$management', { kind: 'eventHubManagement' }],
    [
      'amqps://hub/eh/ConsumerGroups/$Default/Partitions/3',
      { kind: 'partition', entity: 'eh', consumerGroup: '$Default', partitionId: '3' },
    ],
    ['eh/ConsumerGroups/$Default', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
  ])('%j leads to %j', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });
});

describe('a position in a partition', () => {
  const at = (text: string) => startPositionOf({ 'apache.org:selector-filter:string': text });

  test.each([
    ["amqp.annotation.x-opt-offset > '-1'", { kind: 'earliest' }],
    ["amqp.annotation.x-opt-offset > '@latest'", { kind: 'latest' }],
    ["amqp.annotation.x-opt-offset >= '120'", { kind: 'offset', offset: 120, inclusive: true }],
    ["amqp.annotation.x-opt-sequence-number > '7'", { kind: 'sequenceNumber', sequenceNumber: 7, inclusive: false }],
    [
      "amqp.annotation.x-opt-enqueued-time > '1700000000000'",
      { kind: 'enqueuedTime', enqueuedMs: 1.7e12, inclusive: false },
    ],
  ])('%s', (text, position) => {
    expect(at(text)).toEqual(position);
  });

  test('is the beginning when no filter says another', () => {
    expect(startPositionOf({})).toEqual({ kind: 'earliest' });
  });

  test.each(["amqp.annotation.x-opt-color > 'red'", "amqp.annotation.x-opt-offset > 'x'", 'nonsense'])(
    'is refused: %s',
    (text) => {
      expect(() => at(text)).toThrow(expect.objectContaining({ code: 'ArgumentInvalid' }));
    },
  );
});
