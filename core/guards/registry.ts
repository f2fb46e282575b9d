import { epochMs, isoTime } from '../model/ids.ts';
import { meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { RegistryHold, RegistryNews } from '../state/lane-state.ts';
import type { ResultRow } from '../state/results.ts';
import { REGISTRY_UNREACHABLE } from './attempts.ts';
import { registryHoldSeconds } from './holds.ts';

/** The methods that fetch an image from a registry. */
const REGISTRY_METHODS: ReadonlySet<string | undefined> = new Set(['unit', 'ecr', 'fetch', 'mirror', 'pull', 'login']);
/** The reasons that prove that the registry answered. */
const ANSWERS: ReadonlySet<string | undefined> = new Set(['RegistryDenied', 'RegistryImageNotFound']);

/** Whether the registry answered the node, according to its result; undefined if the result does not show it. */
export const registryWord = (
  row: Pick<ResultRow, 'action' | 'outcome' | 'reason' | 'method'>,
): 'silent' | 'answers' | undefined => {
  if (row.action === 'check') return undefined;
  if (meaningOf(row.outcome).isRepaired) return REGISTRY_METHODS.has(row.method) ? 'answers' : undefined;
  if (row.reason === REGISTRY_UNREACHABLE) return 'silent';
  return ANSWERS.has(row.reason) ? 'answers' : undefined;
};

/** What a node's result shows about the registry, and when the node ended. */
export type RegistryWord = {
  readonly instanceId: string;
  readonly at: string;
  readonly registry: 'silent' | 'answers';
};

/** Nothing is known about the registry. */
export const NO_NEWS: RegistryNews = { silent: {}, answered: [] };

/** The number of distinct nodes without an answer that start a hold. */
const SILENT_NODES = 2;
/** How many nodes try the registry at the end of a hold. */
export const TRIALS = 3;
/** The time for which a silence is remembered. */
const VALID_MS = 86_400_000;
/** Far more than the nodes that try a registry that does not answer. */
const MAX_SILENT = 64;
/** The newest answers of two nodes: for each node there is the newest one of another node. */
const MAX_ANSWERED = 2;

type Silence = RegistryNews['silent'][string];
type Answered = RegistryNews['answered'];

const latestOf = (times: readonly string[]): string => isoTime(Math.max(...times.map(epochMs)));

const withAnswers = (answered: Answered, words: readonly RegistryWord[]): Answered => {
  const newest = new Map<string, string>();
  for (const { instanceId, at } of [...answered, ...words]) {
    if (at > (newest.get(instanceId) ?? '')) newest.set(instanceId, at);
  }
  return [...newest]
    .map(([instanceId, at]) => ({ instanceId, at }))
    .sort((a, b) => b.at.localeCompare(a.at) || a.instanceId.localeCompare(b.instanceId))
    .slice(0, MAX_ANSWERED);
};

/** The silence of one node after its words and its last answer; undefined where it has had an answer since. */
const silenceOf = (before: Silence | undefined, times: readonly string[], answeredAt: string): Silence | undefined => {
  const known = before === undefined ? [] : [before.first, before.last];
  const [first, ...others] = [...known, ...times].filter((at) => at > answeredAt).sort();
  return first === undefined ? undefined : { first, last: others.at(-1) ?? first };
};

/**
 * Adds what results show of the registry, of the last day. The order of the words, and how often they come, does not
 * matter.
 */
export const withWords = (news: RegistryNews, words: readonly RegistryWord[], now: string): RegistryNews => {
  const answers = words.filter(({ registry }) => registry === 'answers');
  const oldest = isoTime(epochMs(now) - VALID_MS);
  const ids = new Set([...Object.keys(news.silent), ...words.map(({ instanceId }) => instanceId)]);
  const silent = [...ids].flatMap((id): [string, Silence][] => {
    const own = words.filter(({ instanceId }) => instanceId === id);
    const times = own.flatMap(({ at, registry }) => (registry === 'silent' ? [at] : []));
    const answeredAt = [...answers, ...news.answered].filter(({ instanceId }) => instanceId === id).map(({ at }) => at);
    const silence = silenceOf(news.silent[id], times, latestOf([oldest, ...answeredAt]));
    return silence === undefined ? [] : [[id, silence]];
  });
  silent.sort(([a, { last: lastOfA }], [b, { last: lastOfB }]) => lastOfB.localeCompare(lastOfA) || a.localeCompare(b));
  return {
    silent: Object.fromEntries(silent.slice(0, MAX_SILENT)),
    answered: withAnswers(news.answered, answers),
  };
};

const textOf = ({ silent, answered }: RegistryNews): string =>
  [
    ...Object.entries(silent).map(([id, { first, last }]) => `${id} ${first} ${last}`),
    ...answered.map(({ instanceId, at }) => `${instanceId} ${at}`),
  ]
    .sort()
    .join();

/** Whether two rows say the same: a table gives the entries of a map in no order. */
export const isSameNews = (one: RegistryNews, other: RegistryNews): boolean => textOf(one) === textOf(other);

/**
 * The silences that may be the registry's. A node's silence is its own trouble once another node has had an answer after
 * it, and stays so until the node has had an answer itself: two nodes that lie start no second hold.
 */
export const unexplained = ({ silent, answered }: RegistryNews): readonly (readonly [string, Silence])[] =>
  Object.entries(silent).filter(
    ([id, { first }]) => !answered.some(({ instanceId, at }) => instanceId !== id && at >= first),
  );

/**
 * The registry hold after the news. Two distinct silent nodes start one of 8 s. An answer to any node after them ends it. At
 * its end some nodes try. Where all have tried and none had an answer, the next hold starts: a step longer if another node
 * than before was silent; of 8 s otherwise, because the same nodes show nothing new.
 */
export const holdAfterNews = (
  news: RegistryNews,
  before: RegistryHold | undefined,
  { runId, hasTried }: { readonly runId: string; readonly hasTried: boolean },
  now: string,
  limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): RegistryHold | undefined => {
  if (before !== undefined && news.answered.some(({ at }) => at > before.silentAt)) return undefined;
  if (before !== undefined && (now < before.until || !hasTried)) return before;
  const silent = unexplained(news).filter(([, { last }]) => last > (before?.until ?? ''));
  if (silent.length < (before === undefined ? SILENT_NODES : 1)) return before;
  const silentAt = latestOf(silent.map(([, { last }]) => last));
  const isNew = before === undefined || silent.some(([, { first }]) => first > before.silentAt);
  const holds = (before?.holds ?? 0) + Number(isNew);
  const until = isoTime(epochMs(now) + registryHoldSeconds(isNew ? holds : 1, limits) * 1000);
  return { until, holds, runId, silentAt };
};

/** Nodes in the order in which they try the registry: those that have not been silent, then the longest ago. */
export const silentLast = <Node extends { readonly instanceId: string }>(
  { silent }: RegistryNews,
  nodes: readonly Node[],
): readonly Node[] => {
  const lastOf = ({ instanceId }: Node): string => silent[instanceId]?.last ?? '';
  return nodes.toSorted((a, b) => lastOf(a).localeCompare(lastOf(b)));
};
