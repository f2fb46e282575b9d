import * as z from 'zod';
import type { Stack } from './aws/connection.ts';
import type { Described } from './define-command.ts';
import { CommandError, EXIT, type ExitCode, usageError } from './exit.ts';
import type { Listing } from './output/output.ts';
import type { Column } from './output/table.ts';
import { readSince } from './output/times.ts';
import type { Session } from './session.ts';

/** The options of commands that list items by time. */
export const TIME_OPTIONS: readonly Described[] = [
  { flags: '--since <time>', description: 'from then on: 24h, 30d, 2026-11-01 or 2026-11-01T06:00:00Z' },
  { flags: '--until <time>', description: 'up to then' },
  { flags: '-n, --limit <count>', description: 'at most so many (default: 20)' },
];
/** These options as commander gives them. */
export const TimesGiven = z.object({
  since: z.string().optional(),
  until: z.string().optional(),
  limit: z.string().default('20'),
});

/** Reads the number of items. @throws CommandError for any other text */
export const readLimit = (option: string, text: string, max: number): number => {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
  throw usageError(option, `"${text}" is no number from 1 to ${max}`);
};

/** The fields of a query by time. */
export const timesOf = ({ since, until, limit }: z.infer<typeof TimesGiven>, now: Date) => ({
  since: since === undefined ? undefined : readSince('--since', since, now),
  until: until === undefined ? undefined : readSince('--until', until, now),
  limit: readLimit('--limit', limit, 500),
});

/** The field of a refusal that is about the cluster, as `withOptions` names it. */
const CLUSTER_FIELD = '--cluster';

const isClusterRefusal = (thrown: unknown): thrown is CommandError =>
  thrown instanceof CommandError && thrown.code === 'Refused' && thrown.refusal.field === CLUSTER_FIELD;

/**
 * Reads from each stack. Of several, those that refuse the cluster are left out while one of them knows it.
 *
 * @throws CommandError where no stack knows the cluster, with every stack's clusters
 */
export const readStacks = async <Value>(
  stacks: readonly Stack[],
  read: (stack: Stack) => Promise<Value>,
): Promise<readonly { readonly stack: Stack; readonly value: Value }[]> => {
  const known: { readonly stack: Stack; readonly value: Value }[] = [];
  const refused: CommandError[] = [];
  const readings = await Promise.allSettled(stacks.map(read));
  for (const [i, stack] of stacks.entries()) {
    const reading = readings[i];
    if (reading?.status === 'fulfilled') known.push({ stack, value: reading.value });
    else if (stacks.length > 1 && isClusterRefusal(reading?.reason)) refused.push(reading.reason);
    else throw reading?.reason;
  }
  if (known.length > 0 || refused.length === 0) return known;
  const allowed = [...new Set(refused.flatMap(({ refusal }) => refusal.allowed ?? []))];
  throw usageError(CLUSTER_FIELD, `no context knows this cluster; they list: ${allowed.join(', ') || 'none'}`, {
    allowed,
  });
};

/** Lists items of every stack that was named. With several, each item has its context, in a column of its own. */
export const listStacks = async <Item extends object>(
  session: Session,
  read: (stack: Stack) => Promise<{ readonly items: readonly Item[]; readonly next?: string | undefined }>,
  listing: Omit<Listing<Item>, 'items' | 'next'>,
): Promise<ExitCode> => {
  const stacks = session.stacks();
  const items: (Item & { readonly context?: string })[] = [];
  let next: string | undefined;
  for (const { stack, value: page } of await readStacks(stacks, read)) {
    next = stacks.length === 1 ? page.next : undefined;
    items.push(...page.items.map((item) => (stacks.length === 1 ? item : { context: stack.place.context, ...item })));
  }
  const context: Column<Item & { readonly context?: string }> = { title: 'CONTEXT', value: (item) => item.context };
  await session.output.list({
    ...listing,
    columns: stacks.length === 1 ? listing.columns : [context, ...listing.columns],
    items,
    next,
    after: [
      ...(listing.after ?? []),
      ...(next === undefined ? [] : ['There are more: give a larger --limit, or a shorter time.']),
    ],
  });
  return EXIT.done;
};
