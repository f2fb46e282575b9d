import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { SummaryItem } from '../../../core/api/summary.ts';
import { defined } from '../../../core/model/defined.ts';

const Answer = z.object({ ok: z.literal(true), items: z.array(SummaryItem), next: z.string().optional() });
/** A period has as many pages as audit-query needs to read it, of at least 20,000 runs or eight days each. A digest stops somewhere. */
const MAX_PAGES = 20;

/** The summary of a period. Its newest days come first. */
export type AskedSummary = {
  readonly items: readonly SummaryItem[];
  /** Where there are too many pages: the time before which nothing was summed up. */
  readonly missingBefore?: string;
};

/** Asks audit-query for the summary of a period, over as many of its pages as a digest needs. */
export type AskSummary = (period: { readonly since: string; readonly until: string }) => Promise<AskedSummary>;

/** Asks by invoking the alias of audit-query that reads. */
export const createAskSummary =
  ({
    client,
    functionName,
  }: {
    readonly client: Pick<LambdaClient, 'send'>;
    readonly functionName: string;
  }): AskSummary =>
  async (period) => {
    const items: SummaryItem[] = [];
    let next: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const Payload = JSON.stringify({ query: 'summary', ...period, ...defined({ next }) });
      const answer = await client.send(new InvokeCommand({ FunctionName: functionName, Payload }));
      const text = answer.Payload?.transformToString() ?? '';
      if (answer.FunctionError !== undefined)
        throw new Error(`asking ${functionName} for the summary since ${period.since}: ${text.slice(0, 300)}`);
      const parsed = Answer.safeParse(JSON.parse(text));
      if (!parsed.success)
        throw new Error(
          `asking ${functionName} for the summary since ${period.since}: it answered ${text.slice(0, 300)}; deploy again`,
          { cause: parsed.error },
        );
      items.push(...parsed.data.items);
      next = parsed.data.next;
      if (next === undefined) return { items };
    }
    const begins = items.flatMap((item) => (item.kind === 'total' ? [item.since] : []));
    return { items, missingBefore: begins.toSorted()[0] ?? period.until };
  };
