// Reads the JSON report of vitest for the summary of a test run. Plain JavaScript, as run.mjs is.

const MAX_CHARACTERS = 600;
/** The message of an error in one line: without its stack, and with its end, which often says why. */
const inOneLine = (text) => {
  const message = (text ?? '')
    .split(/\n\s+at /, 1)[0]
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (message.length <= MAX_CHARACTERS) return message;
  return `${message.slice(0, MAX_CHARACTERS / 2)} … ${message.slice(-MAX_CHARACTERS / 2)}`;
};

/** One line for each failed test of a file, or for the file itself where its setup failed. */
const complaintsOf = (result, root) => {
  const name = result.name.replace(`${root}/`, '');
  const tests = result.assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0 && result.status === 'failed') {
    return [`${name}: ${inOneLine(result.message) || 'what runs before or after its tests failed: see above'}`];
  }
  return tests.map((test) => `${name} > ${test.fullName}: ${inOneLine(test.failureMessages[0])}`);
};

/** `(not run: …)` in the name of a test or of a group says why; the reason may hold parentheses of its own. */
const REASON = /\(not run: (.*)\)$/;

const reasonOf = (test, result, root) =>
  [...test.ancestorTitles, test.title].map((title) => REASON.exec(title)?.[1]).find((reason) => reason !== undefined) ??
  (result.status === 'failed'
    ? `${result.name.replace(`${root}/`, '')} failed before them`
    : `${test.fullName} does not say why`);

/**
 * The result of a suite: counts, a line for each failure, for tests that were not run a line for each reason, and the seconds
 * of each file.
 *
 * @param report vitest's JSON report
 * @param ok whether vitest ended with exit code 0
 */
export const resultOf = (report, ok, root) => {
  const complaints = report.testResults.flatMap((result) => complaintsOf(result, root));
  const left = report.testResults.flatMap((result) =>
    result.assertionResults
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map((test) => reasonOf(test, result, root)),
  );
  const counts = new Map();
  for (const reason of left) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  // A suite that ran nothing, or an error outside of any test, is a failure too.
  const failed = complaints.length === 0 && (!ok || report.numPassedTests === 0) ? 1 : complaints.length;
  return {
    passed: report.numPassedTests,
    failed,
    left: left.length,
    notRun: [...counts].map(([reason, count]) => ({ what: count === 1 ? '1 test' : `${count} tests`, reason })),
    complaints,
    files: report.testResults.map(({ name, startTime = 0, endTime = startTime }) => ({
      name: name.replace(`${root}/`, ''),
      seconds: (endTime - startTime) / 1000,
    })),
  };
};
