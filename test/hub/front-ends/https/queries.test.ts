/** What the SDK shows of a query that is refused. The rules are in ../../query/refusals.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

describe('a wrong query is 400, and says where it is wrong', () => {
  test.each([
    ['SELCT * FROM devices', 'line 1, column 1'],
    ["SELECT * FROM devices\n  WHERE tags.a == 'b'", 'line 2, column 16'],
    ["SELECT * FROM devices.modules WHERE tags.a = 'b", 'line 1, column 46'],
    ['SELECT jobId FROM devices.jobs', 'line 1, column 8'],
  ])('%s', async (query, place) => {
    const { name, code, message } = await refusal(hub.registry().createQuery(query).next());
    expect([name, code]).toEqual(['ArgumentError', 'ArgumentInvalid']);
    expect(message).toContain(place);
  });
});
