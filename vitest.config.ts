import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Lab and real-node tests boot machines and processes; a unit test that needs this long has failed.
    testTimeout: 30_000,
    hookTimeout: 180_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{core,functions,ssm-documents,events,infra,cli}/**/*.test.ts',
            'test/{contract,corpus,infra}/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: [
            'lab/**/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            'test/e2e-real/**/*.test.ts',
            'test/docs/**/*.test.ts',
            'test/deploy/**/*.test.ts',
          ],
          // Labs share the machine's two cores, its network namespaces and its mounts: one file at a time.
          fileParallelism: false,
          testTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: { name: 'matrix', include: ['test/matrix/**/*.test.ts'], testTimeout: 180_000 },
      },
    ],
  },
});
