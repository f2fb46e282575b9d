import { defineConfig } from 'vitest/config';

/** The tests that Stryker runs against each mutant of core: those of core alone, because a mutant takes seconds then. */
export default defineConfig({
  test: { root: `${import.meta.dirname}/..`, include: ['core/**/*.test.ts'], testTimeout: 30_000 },
});
