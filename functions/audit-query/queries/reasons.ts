import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { epochMs, isoTime } from '../../../core/model/ids.ts';
import type { AuditStore, Source } from '../../adapters/table/audit-store.ts';
import type { Item } from '../../adapters/table/items.ts';
import { DUE_SHARDS, index, keys, RESULT_SHARDS, TABLE } from '../../adapters/table/keys.ts';
import { OUTCOMES_ALONE } from '../../adapters/table/result-store.ts';
import type { Partition } from '../../adapters/table/table.ts';
import { defineQuery } from '../define-query.ts';
import { between, shards } from '../partitions.ts';

const DAY_MS = 86_400_000;
const Named = z.object({ cluster: z.string() });

const Reason = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'expected a reason of the catalogue, such as SandboxImageMissing');

/** The clusters of results of a day: those with a run that ended on that day or on the next one, and those with open work. */
const clustersOn = async (store: AuditStore, day: string, now: string): Promise<readonly string[]> => {
  const next = isoTime(epochMs(`${day}T00:00:00.000Z`) + DAY_MS).slice(0, 10);
  const partitions: readonly Partition[] = [
    ...[day, next].filter((of) => of <= now).map((of) => ({ key: keys.digests(of) })),
    ...shards(DUE_SHARDS).map((shard) => ({ index: 'byDue' as const, key: index.open(shard) })),
  ];
  const found = await Promise.all(partitions.map((partition) => store.rows(Named, partition)));
  return [...new Set(found.flatMap(({ understood }) => understood.map(({ cluster }) => cluster)))].toSorted();
};

/** The results that are in the index by outcome alone. */
const repairs = (clusters: readonly string[], reason: string, day: string): readonly Source[] => {
  const [first, ...others] = clusters.flatMap((cluster) =>
    OUTCOMES_ALONE.flatMap((outcome) => shards(RESULT_SHARDS).map((shard) => index.outcome(cluster, outcome, shard))),
  );
  if (first === undefined) return [];
  // Those that an earlier version has written are in the index by reason too.
  const where = (item: Item): boolean => item.reason === reason && item[TABLE.byReason.partitionKey] === undefined;
  return [{ index: 'byOutcome', key: first, others, ...between({ since: day, until: day }), where }];
};

export const reasons = defineQuery({
  name: 'reasons',
  title: 'Lists the results with one reason on one day (UTC) in every cluster, the newest first.',
  payload: z.strictObject({ reason: Reason, day: z.iso.date(), ...Page }),
  plan: async ({ reason, day }, store, now) => ({
    partitions: [
      ...shards(RESULT_SHARDS).map((shard) => ({
        index: 'byReason' as const,
        key: index.reasonDay(reason, day, shard),
      })),
      ...repairs(await clustersOn(store, day, now), reason, day),
    ],
    order: 'descending',
  }),
});
