import { join } from 'node:path';
import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { describeIssue } from '../../core/model/issue.ts';
import type { Place } from '../aws/connection.ts';
import { usageError } from '../exit.ts';
import type { Io } from '../io.ts';

const Name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'not a name: lower-case letters, digits, . _ -');
/** The name that means every context. */
export const ALL_CONTEXTS = 'all';
const StackName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'not the name of a CloudFormation stack');

/** A stack as the file of contexts names it. */
const Context = z.strictObject({
  stack: StackName.default('fleetmend'),
  region: z.string().min(1).optional(),
  profile: z.string().min(1).optional(),
  endpoint: z.url().optional(),
  fips: z.boolean().optional(),
});
const ContextsFile = z
  .strictObject({
    /** The context that is used where none is named. */
    current: Name.optional(),
    contexts: z.record(Name, Context),
  })
  .refine(({ contexts }) => !(ALL_CONTEXTS in contexts), { path: ['contexts'], message: 'all means every context' })
  .refine(({ current, contexts }) => current === undefined || current in contexts, {
    path: ['current'],
    message: 'it is none of the contexts',
  });
type ContextsFile = z.infer<typeof ContextsFile>;

/** The options by which a person names a stack. */
export type PlaceOptions = {
  readonly context?: string | undefined;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly unverified?: boolean | undefined;
};

/** The file of contexts. */
export const contextsPath = ({ env, homeFolder }: Pick<Io, 'env' | 'homeFolder'>): string =>
  join(env.XDG_CONFIG_HOME || join(homeFolder, '.config'), 'fleetmend', 'config.json');

const readContexts = (io: Pick<Io, 'env' | 'homeFolder' | 'readFile'>): ContextsFile => {
  const path = contextsPath(io);
  const text = io.readFile(path);
  if (text === undefined) return { contexts: {} };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw usageError(path, `it is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const parsed = ContextsFile.safeParse(json);
  if (!parsed.success) throw usageError(path, describeIssue(parsed.error, '(whole)'));
  return parsed.data;
};

/** The contexts of the file, with the one that is used where none is named. */
export const listContexts = (
  io: Pick<Io, 'env' | 'homeFolder' | 'readFile'>,
): readonly (Place & { readonly isCurrent: boolean })[] => {
  const { current, contexts } = readContexts(io);
  const used = io.env.FLEETMEND_CONTEXT || current;
  return Object.entries(contexts).map(([context, place]) => ({ context, ...place, isCurrent: context === used }));
};

const changed = (place: Place, { stack, region, profile, endpointUrl, unverified }: PlaceOptions): Place => ({
  ...place,
  ...defined({ stack, region, profile, endpoint: endpointUrl, unverified }),
});

/**
 * The stacks that the options, the environment and the file of contexts name: one, or all for `--context all`. Options go
 * before the file. Without a file the context is `default`: the stack `fleetmend` in the Region of the AWS settings.
 *
 * @throws CommandError where the file cannot be understood or has no such context
 */
export const placesOf = (io: Pick<Io, 'env' | 'homeFolder' | 'readFile'>, options: PlaceOptions): readonly Place[] => {
  const { current, contexts } = readContexts(io);
  const known = Object.keys(contexts);
  const wanted = options.context || io.env.FLEETMEND_CONTEXT || current;
  if (wanted === undefined) {
    const region = io.env.AWS_REGION || io.env.AWS_DEFAULT_REGION || undefined;
    // Requests are signed for the endpoint that the SDK reads from here.
    const endpoint = io.env.AWS_ENDPOINT_URL || undefined;
    const place = {
      context: 'default',
      stack: io.env.FLEETMEND_STACK || 'fleetmend',
      ...defined({ region, endpoint }),
    };
    return [changed(place, options)];
  }
  if (wanted === ALL_CONTEXTS) {
    if (known.length === 0) throw usageError('--context', `there are no contexts in ${contextsPath(io)}`);
    return Object.entries(contexts).map(([context, place]) => ({ context, ...place }));
  }
  const found = contexts[wanted];
  if (found !== undefined) return [changed({ context: wanted, ...found }, options)];
  throw usageError(
    '--context',
    `there is no context ${wanted} in ${contextsPath(io)}; there are: ${[...known, ALL_CONTEXTS].join(', ')}`,
    {
      allowed: [...known, ALL_CONTEXTS],
    },
  );
};
