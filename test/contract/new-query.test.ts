import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyTree } from '../support/tree-copy.ts';

const { copy, write, read, node, compile, runTests, changed, remove } = copyTree('new-query');
afterAll(remove);

const TIMEOUT_MS = 300_000;
const CONTRACT = 'test/contract/payloads.test.ts';

const QUERY = `import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { index } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';

export const history = defineQuery({
  name: 'history',
  title: 'Lists the runs of a cluster, the oldest first.',
  payload: z.strictObject({ cluster: ClusterName, ...Page }),
  plan: ({ cluster }) => ({ partitions: [{ index: 'byOwner', key: index.runsOf(cluster) }], order: 'ascending' }),
});
`;
const ACTION = `import * as z from 'zod';
import { RequestedBy } from '../../../core/api/request.ts';
import { defineAction } from '../define-action.ts';

export const greet = defineAction({
  name: 'greet',
  title: 'Answers with the name of the caller.',
  payload: z.strictObject({ requestedBy: RequestedBy }),
  perform: async (_deps, _caller, { requestedBy }) => ({ greeted: requestedBy }),
});
`;
/** Invokes both functions with a table that holds one run. */
const USE = `import { expect, it } from 'vitest';
import { operatorApiWorld } from '../../test/support/operator-api-world.ts';
import { startTable } from '../../test/support/table.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { report } from '../audit-query/query.ts';

it('answers the new action and the new query', async () => {
  const table = await startTable();
  const { ask } = operatorApiWorld(table);
  expect(await ask({ action: 'greet', requestedBy: 'mei' })).toEqual({ greeted: 'mei' });
  await ask({ action: 'check', cluster: 'demo', requestedBy: 'mei' });
  const deps = { store: createAuditStore(table), count: () => {} };
  expect(await report(deps, { query: 'history', cluster: 'demo' })).toMatchObject({ items: [{ kind: 'run', cluster: 'demo' }] });
  await expect(report(deps, { query: 'past' })).rejects.toThrow('expected one of history, node, open');
  await expect(ask({ action: 'wave' })).rejects.toThrow('check, greet, pause');
  await table.stop();
});
`;

beforeAll(() => {
  write('functions/audit-query/queries/history.ts', QUERY);
  write('functions/operator-api/actions/greet.ts', ACTION);
});

it('an entry without a line fails the tests, which name the folder', { timeout: TIMEOUT_MS }, () => {
  expect(runTests(CONTRACT).failed).toEqual([
    'functions/operator-api/actions: every file of the folder has a line in its registry',
    'functions/audit-query/queries: every file of the folder has a line in its registry',
  ]);
});

it('an entry without a sample and a row in docs fails the tests, which name it', { timeout: TIMEOUT_MS }, () => {
  appendFileSync(join(copy, 'functions/audit-query/queries/registry.ts'), "export { history } from './history.ts';\n");
  appendFileSync(join(copy, 'functions/operator-api/actions/registry.ts'), "export { greet } from './greet.ts';\n");
  expect(runTests(CONTRACT).failed).toEqual(
    expect.arrayContaining([
      'greet has a plain sentence, and a sample of its own',
      'history has a plain sentence, and a sample of its own',
      'has the tables of the entries (node test/docs/render-payloads.ts writes them)',
    ]),
  );
});

it('a sample without an entry fails the tests, which name it', { timeout: TIMEOUT_MS }, () => {
  write('events/samples/audit-query-history.json', JSON.stringify({ query: 'history', cluster: 'demo' }));
  write('events/samples/operator-api-greet.json', JSON.stringify({ action: 'wave', requestedBy: 'mei' }));
  expect(runTests(CONTRACT).failed).toContain(
    'operator-api-greet.json is a sample of the entry that its name says, and is accepted',
  );
});

it('a query or an action is a file, a line and a sample: everything else follows', { timeout: TIMEOUT_MS }, () => {
  write('events/samples/operator-api-greet.json', JSON.stringify({ action: 'greet', requestedBy: 'mei' }));
  expect(node('test/docs/render-payloads.ts')).toMatchObject({ status: 0 });
  expect(runTests(CONTRACT, 'events/samples.test.ts', 'test/contract/function-folders.test.ts').failed).toEqual([]);
  expect(compile()).toEqual({ status: 0, output: '' });
  expect(changed()).toEqual([
    'docs/payloads.md',
    'events/samples/audit-query-history.json',
    'events/samples/operator-api-greet.json',
    'functions/audit-query/queries/history.ts',
    'functions/audit-query/queries/registry.ts',
    'functions/operator-api/actions/greet.ts',
    'functions/operator-api/actions/registry.ts',
  ]);
  expect(read('docs/payloads.md')).toMatch(/^\| `history` .*`cluster`.*\[history\]/m);
  write('functions/shared/use.test.ts', USE);
  expect(runTests('functions/shared/use.test.ts')).toEqual({
    passed: ['answers the new action and the new query'],
    failed: [],
  });
});
