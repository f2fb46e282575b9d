import * as z from 'zod';
import { authorKeys } from '../../../core/api/action-row.ts';
import { Page, Times } from '../../../core/api/report.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { index, keys } from '../../adapters/table/keys.ts';
import type { Partition } from '../../adapters/table/table.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineQuery } from '../define-query.ts';
import { between } from '../partitions.ts';

type Named = {
  readonly cluster?: string | undefined;
  readonly author?: string | undefined;
  readonly day?: string | undefined;
};

const partitionsOf = ({ cluster, author, day }: Named): readonly Partition[] => {
  if (cluster !== undefined) return [{ index: 'byOwner', key: index.actionsOf(cluster) }];
  if (author === undefined) return [{ key: keys.actions(day ?? '') }];
  return authorKeys(author).map((key) => ({ index: 'byOutcome', key: index.actionsBy(key) }));
};

/** What people asked for, refused requests too: of a cluster, of an author, or of a day. */
export const actions = defineQuery({
  name: 'actions',
  title:
    'Lists the requests of people with their answers, refused ones too, the newest first: by one of cluster, author (an ARN or a name) and day.',
  payload: z.strictObject({
    cluster: ClusterName.optional(),
    author: z.string().min(1).max(600).optional(),
    day: z.iso.date().optional(),
    ...Times,
    ...Page,
  }),
  plan: ({ cluster, author, day, ...times }) => {
    const given = [cluster, author, day].filter((value) => value !== undefined);
    if (given.length !== 1)
      refuse('cluster', 'give one of cluster, author and day', { allowed: ['cluster', 'author', 'day'] });
    const partitions = partitionsOf({ cluster, author, day });
    return { partitions: partitions.map((partition) => ({ ...partition, ...between(times) })), order: 'descending' };
  },
});
