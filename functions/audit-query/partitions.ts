import { defined } from '../../core/model/defined.ts';

/** The numbers of an index's shards. */
export const shards = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** The sort keys between two times. Sort keys start with a time; `~` comes after everything that follows it. */
export const between = ({
  since,
  until,
}: {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}) => defined({ from: since, to: until === undefined ? undefined : `${until}~` });
