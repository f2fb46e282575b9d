// What a run of the tests costs, as the lines at its end. Plain JavaScript, as run.mjs is.

/** The processor time that fits into the aim of docs/testing.md: 8 minutes on two processors, of which a run uses 84 %. */
export const PROCESSOR_BUDGET_SECONDS = 800;
const SLOWEST_FILES = 12;

const whole = (seconds) => String(Math.round(seconds));
const row = (cells) => cells.map((cell, at) => (at === 0 ? cell.padEnd(10) : cell.padStart(11))).join('');

/**
 * Lines with the seconds and the processor seconds of each suite, the largest first, and with the slowest files. `share` is
 * processor time by time; alone on a machine it is what test/suites.mjs calls the share.
 *
 * @param results of the suites: name, seconds, processor and, where vitest ran them, the files with their seconds
 * @param run the seconds of the run, and the processors of the machine
 */
export const costsOf = (results, { seconds, processors }) => {
  const used = results.reduce((sum, { processor = 0 }) => sum + processor, 0);
  const suites = results
    .filter(({ processor }) => processor !== undefined)
    .toSorted((a, b) => b.processor - a.processor)
    .map((suite) =>
      row([suite.name, whole(suite.seconds), whole(suite.processor), (suite.processor / suite.seconds).toFixed(2)]),
    );
  const files = results
    .flatMap(({ name: suite, files: all = [] }) => all.map((file) => ({ ...file, suite })))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST_FILES)
    .map((file) => `${whole(file.seconds).padStart(6)} s  ${file.suite}: ${file.name}`);
  const busy = Math.round((100 * used) / (seconds * processors));
  return [
    row(['suite', 'seconds', 'processor', 'share']),
    ...suites,
    ...(files.length === 0 ? [] : ['the slowest files, with the waits for other suites:', ...files]),
    `processor time ${whole(used)} s of the ${PROCESSOR_BUDGET_SECONDS} that a whole run may take, ${busy} % of what ${processors} processors had`,
    `in all ${whole(seconds)} s on ${processors} processors`,
  ];
};
