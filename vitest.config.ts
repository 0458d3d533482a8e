import { defineConfig } from 'vitest/config';

/**
 * Most of such a file's time is loading the hub and the SDKs. They leave nothing behind in their process, so that one after
 * the other may use it: `npm test` runs them with `--no-isolate`, for half of the processor time.
 */
const SHARING = [
  'test/{config,hub,local-hub,sdk,terminal}/**/*.test.ts',
  'test/device/{configuration,connection,credentials,messages,methods}.test.ts',
  'test/device/{fleet/fleet,scenario/read-scenario,scenario/scenario}.test.ts',
  'test/torture/{bad-amqp,bad-http,bad-mqtt,bad-texts,every-address,every-door}.test.ts',
];
/** They leave clients of the SDKs behind that go on for minutes. */
const LEAVING = ['test/hub/device-life/**/*.test.ts', 'test/hub/azure-iothub.test.ts'];

const common = {
  // A scenario starts real processes: generous, since nothing here asserts a duration.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  pool: 'forks' as const,
};
/** Most tests wait for a device or a process rather than compute: more of them at once than there are cores. */
const FORKS = 4;

export default defineConfig({
  test: {
    // With fewer at least than at most, vitest 3 ends processes that are at work when they are not isolated.
    poolOptions: { forks: { minForks: FORKS, maxForks: FORKS } },
    projects: [
      { test: { ...common, name: 'sharing', include: SHARING, exclude: LEAVING } },
      {
        test: {
          ...common,
          name: 'alone',
          include: ['test/{device,docs,scenarios,service,testing,torture}/**/*.test.ts', ...LEAVING],
          exclude: SHARING.filter((pattern) => /^test.(device|torture)/.test(pattern)),
        },
      },
    ],
  },
});
