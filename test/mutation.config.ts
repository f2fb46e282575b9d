import { defineConfig } from 'vitest/config';

/**
 * The tests that Stryker runs against each mutant of core: those of core alone, because a mutant takes a second then. A
 * mutant counts as killed only where a test of a stated case fails: the searches (`*.property.test.ts`) take seconds, and
 * whether they find a mutant is a matter of their samples. The files share what they load: that is most of a mutant's cost.
 */
export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    include: ['core/**/*.test.ts'],
    exclude: ['core/**/*.property.test.ts'],
    setupFiles: ['test/fixed-seed.ts'],
    testTimeout: 30_000,
    isolate: false,
  },
});
