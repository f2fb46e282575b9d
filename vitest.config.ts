import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Lab and real-node tests boot machines and processes; a unit test that needs this long has failed.
    testTimeout: 30_000,
    hookTimeout: 180_000,
    // The CDK's own validation of templates takes longer than the rest of a synthesis, and only warns. Suite `synth` has it.
    env: { CDK_VALIDATION: 'false' },
    // For `vitest --coverage`, as in suite core of npm test: the other projects run core in bundles.
    coverage: {
      provider: 'v8',
      include: ['core/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: [['text', { skipFull: true }], 'json'],
      // A branch that no test can reach is dead code: write it away. One that only a property's samples reach needs a
      // test of its own, or the number differs between runs.
      thresholds: { branches: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{core,functions,ssm-documents,events,infra,cli}/**/*.test.ts',
            'test/{contract,corpus,infra}/**/*.test.ts',
          ],
          // Loading the CDK and the AWS SDK costs more than most test files: their files share what is loaded.
          isolate: false,
          globalSetup: 'test/temporary-folder.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: [
            'lab/{aws,lambda,image,sim}/**/*.test.ts',
            'lab/*.test.ts',
            'test/bench/{sweep,slow-failures}.test.ts',
            'test/e2e/**/*.test.ts',
          ],
          isolate: false,
          testTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: { name: 'deploy', include: ['test/deploy/**/*.test.ts'], isolate: false, testTimeout: 180_000 },
      },
      {
        extends: true,
        test: {
          name: 'nodes',
          include: [
            'lab/real/**/*.test.ts',
            'test/bench/bench.test.ts',
            'test/e2e-real/**/*.test.ts',
            'test/docs/**/*.test.ts',
          ],
          // Real nodes share the machine's network namespaces and its mounts: one file at a time.
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
