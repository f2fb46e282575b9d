import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Workers are stopped by a signal, and then no process removes what it made: each project's folder goes as a whole.
    globalSetup: 'test/temporary-folder.ts',
    // A timeout ends what hangs, and nothing else: suites run beside one another, and a second of work may take many.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
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
          // V8 counts a function that it has optimized no more once its counts have been read, as they are after each file.
          execArgv: process.argv.includes('--coverage') ? ['--no-opt'] : [],
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: [
            'lab/{aws,lambda,image,sim}/**/*.test.ts',
            'lab/*.test.ts',
            'test/bench/{sweep,slow-failures,liars}.test.ts',
            'test/e2e/**/*.test.ts',
          ],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'deploy',
          include: ['test/deploy/**/*.test.ts'],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'nodes',
          include: ['lab/real/**/*.test.ts', 'test/bench/bench.test.ts', 'test/e2e-real/**/*.test.ts'],
          // Each fleet has network namespaces and mounts of its own, and mostly waits.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: { name: 'docs', include: ['test/docs/**/*.test.ts'], maxWorkers: 2 },
      },
      {
        extends: true,
        test: { name: 'matrix', include: ['test/matrix/**/*.test.ts'] },
      },
    ],
  },
});
