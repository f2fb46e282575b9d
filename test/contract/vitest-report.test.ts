import { expect, it } from 'vitest';
import { resultOf } from '../vitest-report.mjs';

const test = (status: string, title: string, group = 'group') => ({
  ancestorTitles: [group],
  title,
  fullName: `${group} ${title}`,
  status,
  failureMessages: status === 'failed' ? ['Error: running a script\nof two lines: it broke\n    at line 1'] : [],
});
const report = (...assertionResults: ReturnType<typeof test>[]) => ({
  numPassedTests: assertionResults.filter(({ status }) => status === 'passed').length,
  testResults: [{ name: '/repo/a.test.ts', status: 'passed', assertionResults }],
});

it('lists tests that were not run, once for each reason', () => {
  const nodes = 'the nodes (not run: root (see the README); Debian packages: strace)';
  const tests = [test('passed', 'a'), test('skipped', 'b', nodes), test('skipped', 'c', nodes)];
  expect(resultOf(report(...tests, test('pending', 'd (not run: needs shfmt)')), true, '/repo')).toMatchObject({
    passed: 1,
    failed: 0,
    left: 3,
    notRun: [
      { what: '2 tests', reason: 'root (see the README); Debian packages: strace' },
      { what: '1 test', reason: 'needs shfmt' },
    ],
  });
});

it('names a test that is left out without a reason', () => {
  expect(resultOf(report(test('passed', 'a'), test('todo', 'b')), true, '/repo').notRun).toEqual([
    { what: '1 test', reason: 'group b does not say why' },
  ]);
});

it('reports once that a file failed before its tests', () => {
  const testResults = [
    {
      name: '/repo/a.test.ts',
      status: 'failed',
      message: '',
      assertionResults: [test('skipped', 'a'), test('skipped', 'b')],
    },
  ];
  expect(resultOf({ numPassedTests: 0, testResults }, false, '/repo')).toMatchObject({
    complaints: ['a.test.ts: what runs before or after its tests failed: see above'],
    notRun: [{ what: '2 tests', reason: 'a.test.ts failed before them' }],
  });
});

it('has a line for each failure, and fails where nothing passed or vitest itself failed', () => {
  expect(resultOf(report(test('failed', 'a')), false, '/repo')).toMatchObject({
    failed: 1,
    complaints: ['a.test.ts > group a: Error: running a script of two lines: it broke'],
  });
  expect(resultOf(report(), true, '/repo').failed).toBe(1);
  expect(resultOf(report(test('passed', 'a')), false, '/repo').failed).toBe(1);
});

it('keeps the end of a long message, which says why', () => {
  const long = {
    ...test('failed', 'a'),
    failureMessages: [`Error: running ${'x'.repeat(2000)}: exit code 1: refused`],
  };
  expect(resultOf(report(long), false, '/repo').complaints).toEqual([
    expect.stringMatching(/^a\.test\.ts > group a: Error: running x{285} … x+: exit code 1: refused$/),
  ]);
});
