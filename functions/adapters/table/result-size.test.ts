import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMITS, START } from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { createResultStore } from './result-store.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

/** About as DynamoDB counts: the names and the texts, and a few bytes for each number and map. */
const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).reduce((sum, [name, inner]) => sum + name.length + sizeOf(inner), 3)
    : String(value).length;

it('the result of a usual repair takes one unit to write, and one in each index', async () => {
  const [runId, commandId] = ['r-74b3d7fd29b0fe42de11', '2404f90a-b947-4255-adfa-6f70cc3b8312'];
  const seen = { firstSeenAt: START, lastSeenAt: START, count: 1, source: 'operator-api', sample: 'pods hang' };
  await createResultStore({ ...table, limits: LIMITS }).putResult({
    ...{ runId, cluster: 'demo', remediation: 'pause-image', action: 'repair', endedAt: START, at: START },
    ...{ outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr', grade: 2 },
    ...{ instanceId: 'i-0d1c303fa0000000f', requestId: runId, commandId, startedAt: START },
    because: { kind: 'operator', by: 'arn:aws:sts::123456789012:assumed-role/oncall/mei', ...seen },
    ...{ title: 'The node was repaired', nodegroup: 'demo-workers', ami: 'ami-00000000000000000' },
    ...{ evidence: { platform: 'eks-al2023', runtime: 'containerd' }, catalogueVersion: 'c7b41c10' },
    message: 'The sandbox image was restored by the method ecr, and a test container of it started.',
  });
  expect(sizeOf((await table.items(`RESULT#${runId}`))[0])).toBeLessThanOrEqual(1024);
});
