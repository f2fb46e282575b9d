import pMap from 'p-map';
import type { Outcome } from '../../core/model/outcome.ts';
import { answerOf } from '../aws/answer.ts';
import type { Stack } from '../aws/connection.ts';
import { itemsOf } from '../aws/pages.ts';
import { CommandError } from '../exit.ts';
import { NodesItem, PlanAnswer, type RequestReport, ResultItem, RunItem } from '../schemas/shapes.ts';

/** A request that is followed: its id, and the runs that are known so far. */
export type Followed = { readonly requestId: string; readonly runIds: readonly string[] };

/** How far a request is. */
export type Progress = {
  readonly report: RequestReport;
  readonly isOver: boolean;
  /** How many nodes the request is about, where it is on record. */
  readonly total?: number | undefined;
};

type RunPart = {
  readonly run: RunItem;
  readonly results: readonly ResultItem[];
  readonly healthy: readonly string[];
  readonly open: readonly string[];
};

/** What a query answers, or undefined where the stack has no such thing (yet). */
export const unlessRefused = async <Value>(work: () => Promise<Value>): Promise<Value | undefined> => {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof CommandError && thrown.code === 'Refused') return undefined;
    throw thrown;
  }
};

/** A run with its results; undefined where it does not exist yet. */
export const readRun = (stack: Stack, runId: string): Promise<RunPart | undefined> =>
  unlessRefused(async () => {
    let run: RunItem | undefined;
    const results: ResultItem[] = [];
    const nodes = { healthy: [] as string[], open: [] as string[] };
    for await (const item of itemsOf(stack, { query: 'run', runId })) {
      if (item.kind === 'run') run = answerOf(RunItem, item, `the run ${runId}`);
      else if (item.kind === 'result') results.push(answerOf(ResultItem, item, `a result of ${runId}`));
      else if (item.kind === 'healthy' || item.kind === 'open')
        nodes[item.kind].push(...answerOf(NodesItem, item, `the nodes of ${runId}`).instanceIds);
    }
    if (run === undefined) throw new CommandError('Refused', { message: `there is no run ${runId}` });
    return { run, results, ...nodes };
  });

/** The runs of a request that are on record, and how many nodes it is about. A sweep has no such record. */
const readRequest = async (stack: Stack, requestId: string) => {
  const runIds: string[] = [];
  let total: number | undefined;
  await unlessRefused(async () => {
    for await (const item of itemsOf(stack, { query: 'request', requestId })) {
      if (item.kind === 'request-run' && typeof item.runId === 'string') runIds.push(item.runId);
      const answer = item.kind === 'request' ? PlanAnswer.safeParse(item.answer).data : undefined;
      if (answer !== undefined) total = answer.planned + answer.skipped.length + (answer.skippedMore ?? 0);
    }
  });
  return { runIds, total };
};

const newest = (results: readonly ResultItem[]): readonly ResultItem[] => {
  const byNode = new Map<string, ResultItem>();
  for (const result of results) {
    const known = byNode.get(result.instanceId);
    if (known === undefined || known.at <= result.at) byNode.set(result.instanceId, result);
  }
  return [...byNode.values()];
};

/** Reads how far a request is: the newest result of each node, over all of its runs. */
export const readReport = async (stack: Stack, { requestId, runIds }: Followed): Promise<Progress> => {
  const request = await readRequest(stack, requestId);
  const all = [...new Set([...runIds, ...request.runIds])];
  const parts = await pMap(all, (runId) => readRun(stack, runId), { concurrency: 4 });
  const known = parts.flatMap((part) => part ?? []);
  const results = newest(known.flatMap((part) => part.results));
  const withRow = new Set(results.map(({ instanceId }) => instanceId));
  const healthy = new Set(known.flatMap((part) => part.healthy).filter((id) => !withRow.has(id)));
  const counts: Partial<Record<Outcome, number>> = healthy.size === 0 ? {} : { Healthy: healthy.size };
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return {
    total: request.total,
    report: {
      requestId,
      runs: known.map(({ run }) => run),
      results: [...results],
      healthy: healthy.size,
      open: [...new Set(known.flatMap((part) => part.open).filter((id) => !withRow.has(id) && !healthy.has(id)))],
      counts,
    },
    isOver: known.length === all.length && known.every(({ run }) => run.status === 'ended'),
  };
};
