import { describe, expect, test } from 'vitest';
import { TokenBucket } from '../../../src/hub/model/throttle.ts';
import { operationClassOf, operationCost } from '../../../src/hub/front-ends/https/throttled-routes.ts';
import { SERVICE_ROUTES } from '../../../src/hub/front-ends/https/https-front-end.ts';

describe('a token bucket', () => {
  test('lets a burst through, then one at a time', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
    for (let i = 0; i < 5; i += 1) {
      expect(bucket.waitMs(1, 0)).toBe(0);
      bucket.take(1, 0);
    }
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.waitMs(1, 50)).toBe(50);
    expect(bucket.waitMs(1, 100)).toBe(0);
  });

  test('makes wait longer who overdraws it, and never holds more than a burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
    for (let i = 0; i < 10; i += 1) bucket.take(1, 0);
    expect(bucket.waitMs(1, 0)).toBe(600);
    expect(bucket.waitMs(5, 1_000_000)).toBe(0);
    bucket.take(5, 1_000_000);
    expect(bucket.waitMs(1, 1_000_000)).toBe(100);
  });

  test('lets something larger than itself through when it is full', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
    expect(bucket.waitMs(100, 0)).toBe(0);
    bucket.take(100, 0);
    expect(bucket.waitMs(1, 0)).toBe(9600);
  });

  test('does not give back what a clock that goes backwards would', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 1000);
    bucket.take(1, 1000);
    expect(bucket.waitMs(1, 0)).toBe(100);
  });
});

describe('routes', () => {
  test.each([
    ['GET', '/devices', 'registry'],
    ['POST', '/devices', 'registry'],
    ['PUT', '/devices/:deviceId', 'registry'],
    ['DELETE', '/devices/:deviceId/modules/:moduleId', 'registry'],
    ['GET', '/statistics/devices', 'registry'],
    ['POST', '/devices/query', 'queries'],
    ['GET', '/twins/:deviceId', 'twinReads'],
    ['PATCH', '/twins/:deviceId/modules/:moduleId', 'twinUpdates'],
    ['POST', '/twins/:deviceId/methods', 'methods'],
    ['GET', '/digitaltwins/:deviceId', 'twinReads'],
    ['PATCH', '/digitaltwins/:deviceId', 'twinUpdates'],
    ['POST', '/digitaltwins/:deviceId/components/:component/commands/:command', 'methods'],
    ['PUT', '/jobs/v2/:jobId', 'jobs'],
    ['POST', '/jobs/create', 'registry'],
    ['PUT', '/configurations/:id', 'configurations'],
    ['POST', '/devices/:deviceId/applyConfigurationContent', 'configurations'],
    ['POST', '/devices/:deviceId/files', 'fileUpload'],
    ['GET', '/devices/:deviceId/messages/devicebound', 'cloudToDeviceReceive'],
    ['GET', '/health', undefined],
    ['POST', '/$tandem/stop', undefined],
  ])('%s %s is throttled as %s', (method, path, expected) => {
    expect(operationClassOf({ method, path })).toBe(expected);
  });

  test('of the service API have a throttle, but for those that are named here', () => {
    const without = SERVICE_ROUTES.filter((route) => operationClassOf(route) === undefined).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(without.filter((name) => !/feedback|health|deviceBound|commands$/i.test(name))).toEqual([]);
  });

  // "A bulk call of N devices costs N registry operations"; methods in meters of 4 KB
  test('cost as much as they do', () => {
    expect(operationCost('registry', [{}, {}, {}])).toBe(3);
    expect(operationCost('registry', undefined)).toBe(1);
    expect(operationCost('methods', { methodName: 'x' })).toBe(4096);
    expect(operationCost('methods', { methodName: 'x', payload: 'x'.repeat(5000) })).toBe(8192);
  });
});
