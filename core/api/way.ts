/** The ways into operator-api, each with the rights of the ones before it. IAM decides who may use which. */
export const WAYS = ['look', 'stop', 'act'] as const;
export type Way = (typeof WAYS)[number];

/**
 * The way of an invocation, by the alias at the end of the invoked ARN. Without one, or with `$LATEST`, it is `act`: the
 * caller has rights on the function itself. Any other qualifier gives no right but to look.
 */
export const wayOf = (invokedArn: string): Way => {
  const qualifier = invokedArn.split(':')[7];
  if (qualifier === undefined || qualifier === '$LATEST') return 'act';
  return WAYS.find((way) => way === qualifier) ?? 'look';
};

/** The first way that allows an action: a dry run writes nothing but its record. */
export const neededWay = (action: { readonly way: Exclude<Way, 'look'> }, isDryRun: boolean): Way =>
  isDryRun ? 'look' : action.way;

/** Whether a way allows what needs another. */
export const allows = (way: Way, needed: Way): boolean => WAYS.indexOf(way) >= WAYS.indexOf(needed);
