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

/** Every result of the cluster's runs, oldest run first. */
export const resultsOf = async (lab: Lab, cluster: string): Promise<readonly ResultRow[]> => {
  const runs = (await ask(lab, { query: 'runs', cluster })).flatMap((item) =>
    item.kind === 'run' ? [z.looseObject({ runId: z.string() }).parse(item).runId] : [],
  );
  const results: ResultRow[] = [];
  for (const runId of runs.reverse()) {
    for (const { kind, ...row } of await ask(lab, { query: 'run', runId })) {
      if (kind === 'result') results.push(ResultRow.parse(row));
    }
  }
  return results;
};
