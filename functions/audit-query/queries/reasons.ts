import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { epochMs, isoTime } from '../../../core/model/ids.ts';
import type { Source } from '../../adapters/table/audit-store.ts';
import type { Item } from '../../adapters/table/items.ts';
import { index, keys, RESULT_SHARDS, TABLE } from '../../adapters/table/keys.ts';
import { OUTCOMES_ALONE } from '../../adapters/table/result-store.ts';
import { defineQuery } from '../define-query.ts';
import { between, shards } from '../partitions.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';

const DAY_MS = 86_400_000;
const Named = z.object({ cluster: z.string() });

const Reason = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]{1,63}$/, 'expected a reason of the catalogue, such as SandboxImageMissing');

/**
 * The clusters that may have results of a day: those of the policy, which stay the same from page to page, and those of runs that ended
 * on that day or on the next one, for a cluster that was removed from the policy.
 */
const clustersOn = async ({ store, settings, ...deps }: AuditQueryPorts, day: string): Promise<readonly string[]> => {
  const next = isoTime(epochMs(`${day}T00:00:00.000Z`) + DAY_MS).slice(0, 10);
  const days = [day, next].filter((of) => of <= nowIso(deps));
  const found = await Promise.all(days.map((of) => store.rows(Named, { key: keys.digests(of) })));
  const named = [
    ...settings.policy.clusters.map(({ name }) => name),
    ...found.flatMap(({ understood }) => understood.map(({ cluster }) => cluster)),
  ];
  return [...new Set(named)].toSorted();
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
  plan: async ({ reason, day }, deps) => ({
    partitions: [
      ...shards(RESULT_SHARDS).map((shard) => ({
        index: 'byReason' as const,
        key: index.reasonDay(reason, day, shard),
      })),
      ...repairs(await clustersOn(deps, day), reason, day),
    ],
    order: 'descending',
  }),
});
