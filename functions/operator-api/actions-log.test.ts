import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthy, newInstance, operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { report } from '../audit-query/query.ts';
import { ACTIONS, remediate } from './act.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const DAY = '2026-08-22';
const world = async (nodes: Parameters<typeof operatorApiWorld>[1] = []) => {
  const own = await table.another();
  const w = operatorApiWorld(own, nodes);
  const actions = async (query: object = { day: DAY }) =>
    accepted(await report(auditQueryPorts(own), { query: 'actions', ...query })).items;
  const by = (way: 'look' | 'stop' | 'act', event: unknown) =>
    remediate(w.deps, { way, lambdaRequestId: 'lambda-1' }, event);
  /** Every row but those of the record. */
  const others = async () => (await own.scan()).filter(({ pk }) => !String(pk).startsWith('ACTIONS#'));
  return { ...w, table: own, actions, by, others };
};

describe('the record of actions', () => {
  it('has the request and the answer, by cluster, by author and by day', async () => {
    const w = await world();
    await w.ask({ action: 'pause', cluster: 'demo', ...WHO });
    const rows = [
      { event: 'answered', action: 'pause', answer: { state: 'paused' } },
      {
        event: 'asked',
        action: 'pause',
        cluster: 'demo',
        author: { kind: 'claimed', name: 'mei' },
        way: 'act',
        request: { action: 'pause', cluster: 'demo', covers: 'repairs', requestedBy: 'mei', reason: 'pods hang' },
        lambdaRequestId: 'lambda-1',
      },
    ];
    for (const query of [{ day: DAY }, { cluster: 'demo' }, { author: 'mei' }]) {
      expect(await w.actions(query)).toMatchObject(rows);
    }
    expect(await w.actions({ cluster: 'watched' })).toEqual([]);
    expect(await w.actions({ author: 'ben' })).toEqual([]);
  });

  it('has refused actions with the refusal, and no value of a payload that was not understood', async () => {
    const w = await world();
    const events = [
      { action: 'pause', cluster: 'strange', ...WHO },
      { action: 'pause', cluster: 'demo', pasword: 'hunter2', ...WHO },
      { secret: 'hunter2' },
    ];
    for (const [i, event] of events.entries()) {
      w.clock.iso = `${DAY}T10:00:0${9 - i}.000Z`;
      await w.refused(event);
    }
    const rows = await w.actions();
    expect(rows.filter(({ event }) => event === 'refused')).toMatchObject([
      { error: { field: 'cluster' }, request: { cluster: 'strange' } },
      { error: { field: 'pasword' }, cluster: 'demo' },
      { action: '(none)', author: { name: '(unnamed)' }, error: { field: 'action' } },
    ]);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });

  it('has every refused action, however much its payload holds', async () => {
    const w = await world();
    const more = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}${'x'.repeat(10_000)}`, 1]));
    for (const event of [
      { action: 'pause', ...more },
      { action: 'pause', covers: 'all', ...more },
      'x'.repeat(500_000),
    ])
      await w.refused(event);
    expect(w.recording.counts.AnswerNotRecorded).toBeUndefined();
    expect(await w.actions()).toHaveLength(3);
  });

  it('is written before anything happens: without it, nothing does', async () => {
    const w = await world();
    const add = async () => {
      throw new Error('the table is away');
    };
    const by = { way: 'act', lambdaRequestId: 'lambda-1' } as const;
    await expect(remediate({ ...w.deps, actions: { add } }, by, { action: 'pause', ...WHO })).rejects.toThrow('away');
    expect(await w.others()).toEqual([]);
  });

  it('never has a row replaced', async () => {
    const w = await world();
    const deps = { ...w.deps, newId: () => 'id-same' };
    const by = { way: 'act', lambdaRequestId: 'lambda-1' } as const;
    await remediate(deps, by, { action: 'pause', ...WHO });
    await expect(remediate(deps, by, { action: 'pause', ...WHO })).rejects.toThrow(/there is such a record already/);
  });

  it('answers for an action that was done, also where the answer could not be recorded', async () => {
    const w = await world();
    const add: typeof w.deps.actions.add = async (row, id) => {
      if (row.event === 'answered') throw new Error('the table is away');
      await w.deps.actions.add(row, id);
    };
    const by = { way: 'act', lambdaRequestId: 'lambda-1' } as const;
    const answer = await remediate({ ...w.deps, actions: { add } }, by, { action: 'pause', ...WHO });
    expect(accepted(answer)).toMatchObject({ state: 'paused' });
    expect(w.recording.counts).toMatchObject({ AnswerNotRecorded: 1 });
  });

  it('names a dashboard where a widget asks', async () => {
    const w = await world();
    await w.ask({ action: 'pause', ...WHO, widgetContext: { dashboardName: 'x' } });
    expect(await w.actions({ author: 'dashboard' })).toMatchObject([
      { event: 'answered', author: { kind: 'dashboard' } },
      { request: { requestedBy: 'dashboard (unidentified)' } },
    ]);
  });

  it('shows in no other row, and in no notice, a name that somebody claims as one that AWS has verified', async () => {
    const w = await world();
    const requestedBy = 'arn:aws:iam::123456789012:role/Admin';
    await w.ask({ action: 'pause', ...WHO, requestedBy });
    const rows = await w.others();
    expect(rows.flatMap(({ by }) => by ?? [])).toContain(`claimed: ${requestedBy}`);
    expect(JSON.stringify(rows).replaceAll(`claimed: ${requestedBy}`, '')).not.toContain(requestedBy);
    expect(await w.actions({ author: requestedBy })).toHaveLength(2);
  });

  it('asks for one of cluster, author and day', async () => {
    const w = await world();
    for (const query of [{}, { cluster: 'demo', day: DAY }]) {
      expect(await report(auditQueryPorts(w.table), { query: 'actions', ...query })).toMatchObject({
        error: { message: 'field cluster: give one of cluster, author and day' },
      });
    }
  });
});

describe('the ways in', () => {
  const node = newInstance();
  const requests: Record<string, object> = {
    cancel: { runId: 'r-1' },
    check: { cluster: 'demo', instanceIds: [node] },
    discard: { queue: 'signals-dead' },
    pause: { cluster: 'demo' },
    release: { cluster: 'demo', instanceIds: [node] },
    repair: { cluster: 'demo', remediation: 'pause-image', instanceIds: [node] },
    replay: {},
    resume: { cluster: 'demo' },
    'test-notice': {},
  };
  const ready = async () => {
    const w = await world([healthy(node)]);
    await w.ask({ action: 'check', cluster: 'demo', instanceIds: [node], requestId: 'ticket', ...WHO });
    requests.cancel = { requestId: 'ticket' };
    return w;
  };

  it.each(ACTIONS.map(({ name }) => name))(
    '%s has a dry run, which changes nothing and is recorded',
    async (action) => {
      const w = await ready();
      const before = await w.others();
      const answer = accepted(await w.by('look', { action, ...requests[action], dryRun: true, ...WHO }));
      expect(answer).toMatchObject({ dryRun: true });
      expect(await w.others()).toEqual(before);
      expect(await w.actions()).toContainEqual(
        expect.objectContaining({ event: 'answered', action, way: 'look', dryRun: true }),
      );
    },
  );

  it.each(ACTIONS.map(({ name }) => name))('%s is refused by the aliases that do not allow it', async (action) => {
    const w = await ready();
    const stops = ['cancel', 'check', 'pause'];
    const payload = { action, ...requests[action], ...WHO };
    expect(await w.by('look', payload)).toMatchObject({
      ok: false,
      error: {
        message: expect.stringMatching(
          /^field action: the alias look does not allow .*, but as a dry run; invoke the alias/,
        ),
        allowed: [stops.includes(action) ? 'stop' : 'act'],
      },
    });
    expect((await w.by('stop', payload)).ok).toBe(stops.includes(action));
    expect((await w.by('act', payload)).ok).toBe(true);
  });
});
