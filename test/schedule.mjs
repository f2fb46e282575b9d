// Runs suites in parallel. Plain JavaScript, as run.mjs is.

/** Runs a suite, and measures how long it takes. */
export const timed = async (name, run) => {
  const since = performance.now();
  return { name, ...(await run()), seconds: (performance.now() - since) / 1000 };
};

/**
 * Runs suites in parallel as far as the capacity allows, each as early as possible, in their order where several may begin. A suite begins when what
 * it `needs` has ended, and what it comes `after`, if that runs too.
 *
 * @param options.capacity the largest sum of the shares of running suites; one that is larger by itself runs alone
 * @param options.begins called with each suite as it begins, @param options.ends with each result
 * @returns the results with the seconds that each took, in the order in which they came
 */
export const runSuites = async (suites, { capacity, begins = () => {}, ends = () => {} }) => {
  const waiting = [...suites];
  const running = new Map();
  const results = [];
  const mayBegin = ({ needs, after, share }) => {
    const busy = [...running.keys()].reduce((sum, suite) => sum + suite.share, 0);
    const isReady = needs === undefined || results.some(({ name }) => name === needs);
    const isBehind = suites.every(({ name }) => name !== after) || results.some(({ name }) => name === after);
    return isReady && isBehind && (running.size === 0 || busy + share <= capacity);
  };
  while (waiting.length + running.size > 0) {
    for (let next = waiting.find(mayBegin); next !== undefined; next = waiting.find(mayBegin)) {
      const suite = next;
      waiting.splice(waiting.indexOf(suite), 1);
      begins(suite);
      running.set(
        suite,
        timed(suite.name, suite.run).then((result) => ({ suite, result })),
      );
    }
    if (running.size === 0)
      throw new Error(`nothing can begin: ${waiting.map(({ name, needs }) => `${name} needs ${needs}`)}`);
    const { suite, result } = await Promise.race(running.values());
    running.delete(suite);
    results.push(result);
    ends(result);
  }
  return results;
};
