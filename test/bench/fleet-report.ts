import * as z from 'zod';
import { ResultRow } from '../../core/state/results.ts';
import type { Lab } from '../../lab/aws/lab.ts';

const Answer = z.object({ items: z.array(z.looseObject({ kind: z.string() })), next: z.string().optional() });
type Item = z.output<typeof Answer>['items'][number];

/** All items that audit-query has for a query, page by page. */
export const ask = async (lab: Lab, query: Readonly<Record<string, unknown>>): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let next: string | undefined;
  do {
    const page = { ...query, limit: 500, ...(next === undefined ? {} : { next }) };
    const answer = Answer.parse(await lab.invoke('fleetmend-audit-query', page));
    items.push(...answer.items);
    next = answer.next;
  } while (next !== undefined);
  return items;
};

/** How and when a node ended in a run. */
export type NodeEnd = Pick<ResultRow, 'instanceId' | 'outcome' | 'skipReason' | 'at'>;

/**
 * How every node ended in the cluster's runs, the oldest run first. A node that a check found healthy has no result row: it
 * ended with its run at the latest.
 */
export const endsOf = async (lab: Lab, cluster: string): Promise<readonly NodeEnd[]> => {
  const runs = (await ask(lab, { query: 'runs', cluster })).flatMap((item) =>
    item.kind === 'run' ? [z.looseObject({ runId: z.string(), endedAt: z.string().optional() }).parse(item)] : [],
  );
  const ends: NodeEnd[] = [];
  for (const { runId, endedAt = '' } of runs.reverse()) {
    for (const { kind, ...row } of await ask(lab, { query: 'run', runId })) {
      if (kind === 'result') ends.push(ResultRow.parse(row));
      if (kind !== 'healthy') continue;
      const { instanceIds } = z.looseObject({ instanceIds: z.array(z.string()) }).parse(row);
      ends.push(...instanceIds.map((instanceId): NodeEnd => ({ instanceId, outcome: 'Healthy', at: endedAt })));
    }
  }
  return ends;
};
