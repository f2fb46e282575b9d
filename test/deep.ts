/**
 * How many samples a search takes: `sample` in `npm test`, `whole` in `npm run test:deep`. The sample's
 * seed is fixed, so that a change is judged by the change alone; the full search draws one. It is printed, so that a
 * failure can be run again with `FLEETMEND_SEED`.
 */
const { FLEETMEND_DEEP, FLEETMEND_SEED } = process.env;

/** Whether the searches run in full. */
export const isDeep = FLEETMEND_DEEP === '1';

const SAMPLE_SEED = 20_261_123;

/** fast-check's parameters for a search of this many samples. */
export const search = (
  name: string,
  sample: number,
  whole = sample * 20,
): { readonly numRuns: number; readonly seed: number } => {
  const numRuns = isDeep ? whole : sample;
  const drawn = isDeep ? Date.now() % 2 ** 31 : SAMPLE_SEED;
  const seed = FLEETMEND_SEED === undefined ? drawn : Number(FLEETMEND_SEED);
  console.info(`search "${name}": ${numRuns} samples, seed ${seed}`);
  return { numRuns, seed };
};
