import type { Instance } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { payloadSamples } from '../../test/support/payload-samples.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import type { AuditQueryPorts } from './ports.ts';
import { QUERIES, report } from './query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const SHOWN = 'i-0d3a0000000091c70';
const FOREIGN = 'i-0e4b0000000091c70';
const UNKNOWN = 'i-0d3b0000000091c70';
const instance = (InstanceId: string, cluster: string): Instance => ({
  ...{ InstanceId, State: { Name: 'running' }, Tags: [{ Key: 'eks:cluster-name', Value: cluster }] },
});
const INSTANCES = [instance(SHOWN, 'demo'), instance(FOREIGN, 'stranger')];
const like = (pattern: string, text = '') => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);

const asker =
  (own: Pick<TestTable, 'client' | 'tableName'>, over: Partial<AuditQueryPorts> = {}) =>
  (query: object) =>
    report(
      auditQueryPorts(own, {
        instances: {
          byIdWhereRead: async (patterns) => ({
            found: INSTANCES.filter((i) => patterns.some((pattern) => like(pattern, i.InstanceId))),
            unread: new Map(),
          }),
          byPrivateDnsName: async () => [],
        },
        ...over,
      }),
      query,
    );

/** The queries with a field, each with the fields of its sample. */
const queriesWith = (field: string) =>
  QUERIES.filter(({ fields }) => fields.some(({ name }) => name === field)).map(({ name }) => {
    const sample = payloadSamples('audit-query').find(({ payload }) => payload.query === name && field in payload);
    return [name, { ...sample?.payload, query: name }] as const;
  });

describe('a query about what nobody knows is refused', () => {
  it.each(queriesWith('cluster'))('%s of an unknown cluster, with the clusters of the policy', async (_, sample) => {
    const { author, day, runId, node, ...fields } = sample as Record<string, unknown>;
    expect(refusalIn(await asker(table)({ ...fields, cluster: 'demmo' }))).toMatchObject({
      ...{ field: 'cluster', allowed: ['demo', 'watched', 'careful'] },
      message: expect.stringContaining('demmo is not in the policy'),
    });
  });

  it.each([...queriesWith('instanceId'), ...queriesWith('node')])(
    '%s of an unknown node, with the nodes that may be meant',
    async (_, sample) => {
      const field = 'node' in sample ? 'node' : 'instanceId';
      const ask = (id: string) => asker(table)({ ...sample, [field]: id });
      expect(refusalIn(await ask(UNKNOWN))).toMatchObject({ field, allowed: [SHOWN] });
      expect(refusalIn(await ask(FOREIGN)).message).toContain(`${FOREIGN} belongs to no cluster of the policy`);
    },
  );

  it('a node that EC2 could not be asked for, with what it answered', async () => {
    const unread = new Map([[UNKNOWN, { kind: 'retry', problem: 'EC2 DescribeInstances: Busy' } as const]]);
    const ask = asker(table, {
      instances: { byIdWhereRead: async () => ({ found: [], unread }), byPrivateDnsName: async () => [] },
    });
    expect(refusalIn(await ask({ query: 'node', instanceId: UNKNOWN })).message).toMatch(/EC2 could not .*: .*Busy/);
  });
});

describe('a query about what is known is answered', () => {
  it('by nothing where there is nothing: of a listed cluster, of a node that EC2 shows', async () => {
    const ask = asker(await table.another());
    for (const query of [
      { query: 'runs', cluster: 'demo' },
      { query: 'outcomes', cluster: 'demo', outcome: 'Broken' },
      { query: 'actions', cluster: 'demo' },
      { query: 'node', instanceId: SHOWN },
    ])
      expect(accepted(await ask(query))).toEqual({ items: [] });
  });

  it('of a cluster and a node that are no more, by their history', async () => {
    const own = await table.another();
    const w = runControllerWorld(own, { nodes: 1 });
    const [node = ''] = w.ids;
    w.nodes.set(node, { broken: true, latencyMs: 1000 });
    await w.ask('r-check', 'check', [node]);
    await w.pass(120);
    const { settings } = auditQueryPorts(own);
    const clusters = settings.policy.clusters.filter(({ name }) => name !== 'demo');
    const ask = asker(own, { settings: { ...settings, policy: { ...settings.policy, clusters } } });
    expect(accepted(await ask({ query: 'runs', cluster: 'demo' })).items.length).toBeGreaterThan(0);
    expect(accepted(await ask({ query: 'node', instanceId: node })).items).not.toEqual([]);
    expect(refusalIn(await ask({ query: 'explain', node })).message).toContain('belonged to demo');
  });
});
