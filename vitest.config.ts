import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A scenario starts real processes: generous, since nothing here asserts a duration.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most tests wait for a device or a process rather than compute: more of them at once than there are cores.
    poolOptions: { forks: { maxForks: 4 } },
  },
});
