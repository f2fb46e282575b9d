import type { LogSource } from '../core/model/log-lines.ts';
import type { Remediation } from '../core/model/remediation.ts';

/**
 * What a log group carries. `dataplane`, `host` and `application` are the groups of Container Insights; `kubelet` to
 * `ipamd` are groups that carry the lines of one program; `mixed` is any other group.
 */
export const LOG_GROUP_KINDS = [
  'dataplane',
  'host',
  'application',
  'kubelet',
  'containerd',
  'docker',
  'cri-dockerd',
  'ipamd',
  'mixed',
] as const;
/** One of {@link LOG_GROUP_KINDS}. */
export type LogGroupKind = (typeof LOG_GROUP_KINDS)[number];

/**
 * The programs whose lines reach a group of each kind. Source for Container Insights: aws-observability/helm-charts,
 * charts/amazon-cloudwatch-observability, values.yaml: `dataplane` has the units kubelet, containerd and docker and the
 * containers of aws-node and kube-proxy; `host` has the whole journal; `application` has all other containers.
 */
export const SOURCES: Readonly<Record<LogGroupKind, readonly LogSource[]>> = {
  dataplane: ['kubelet', 'containerd', 'docker', 'ipamd'],
  host: ['kubelet', 'containerd', 'docker', 'cri-dockerd', 'system'],
  application: ['event'],
  kubelet: ['kubelet'],
  containerd: ['containerd'],
  docker: ['docker'],
  'cri-dockerd': ['cri-dockerd'],
  ipamd: ['ipamd'],
  mixed: ['kubelet', 'containerd', 'docker', 'cri-dockerd', 'ipamd', 'system'],
};

const CONTAINER_INSIGHTS = /^\/aws\/containerinsights\/[^/]+\/(dataplane|host|application)$/;

/** The kind of a log group by its name: that of a group of Container Insights, else `mixed`. */
export const kindOfLogGroup = (name: string): LogGroupKind => {
  const insights = CONTAINER_INSIGHTS.exec(name)?.[1];
  return LOG_GROUP_KINDS.find((kind) => kind === insights) ?? 'mixed';
};

/** Source: CloudWatch Logs API, FilterPattern: at most 1,024 characters. */
export const MAX_FILTER_PATTERN_CHARACTERS = 1024;

/** Phrases are not cut shorter than this: a shorter text is in too many lines. */
const MIN_PHRASE_CHARACTERS = 12;

const phrasesOf = (remediations: readonly Remediation[], kind: LogGroupKind): readonly string[] => {
  const phrases = remediations.flatMap(({ logLines }) =>
    SOURCES[kind].flatMap((source) => logLines.phrases[source] ?? []),
  );
  const unquotable = phrases.filter((phrase) => phrase.includes('"') || phrase.trim() === '');
  if (unquotable.length > 0) {
    throw new Error(
      `building the log filter: a phrase must not be empty or contain a double quote: ${JSON.stringify(unquotable)}`,
    );
  }
  return phrases;
};

/** A pattern of phrases that are cut to a length. A phrase that contains another one is left out: the other covers it. */
const patternOf = (phrases: readonly string[], length: number): string => {
  const cut = [...new Set(phrases.map((phrase) => phrase.slice(0, length).trimEnd()))];
  return cut
    .filter((phrase) => !cut.some((other) => other !== phrase && phrase.includes(other)))
    .map((phrase) => `?"${phrase}"`)
    .join(' ');
};

/**
 * The filter pattern of a kind of log group: a line passes that contains a phrase of any remediation for the programs that
 * write to such a group. Where the phrases do not fit, the longest are cut: more lines pass then, never fewer.
 *
 * @returns undefined where no remediation has a phrase for such a group
 * @throws where the pattern does not fit with phrases of 12 characters, naming the remediation with the most characters
 */
export const filterPattern = (remediations: readonly Remediation[], kind: LogGroupKind): string | undefined => {
  const phrases = phrasesOf(remediations, kind);
  // An empty pattern would let every line through.
  if (phrases.length === 0) return undefined;
  const longest = Math.max(MIN_PHRASE_CHARACTERS, ...phrases.map((phrase) => phrase.length));
  for (let length = longest; length >= MIN_PHRASE_CHARACTERS; length--) {
    const pattern = patternOf(phrases, length);
    if (pattern.length <= MAX_FILTER_PATTERN_CHARACTERS) return pattern;
  }
  const sizes = remediations
    .map((it) => ({ name: it.name, size: patternOf(phrasesOf([it], kind), longest).length }))
    .toSorted((a, b) => b.size - a.size);
  throw new Error(
    `building the log filter of ${kind} groups: it has ${patternOf(phrases, MIN_PHRASE_CHARACTERS).length} characters with phrases cut to ${MIN_PHRASE_CHARACTERS}, and CloudWatch Logs allows ${MAX_FILTER_PATTERN_CHARACTERS}; ` +
      `remove phrases from ssm-documents/${sizes[0]?.name}/log-lines.ts, which has the most (characters by remediation: ${sizes.map(({ name, size }) => `${name} ${size}`).join(', ')})`,
  );
};

/**
 * The filter patterns of every kind of log group.
 *
 * @throws as {@link filterPattern}
 */
export const filterPatterns = (remediations: readonly Remediation[]): ReadonlyMap<LogGroupKind, string | undefined> =>
  new Map(LOG_GROUP_KINDS.map((kind) => [kind, filterPattern(remediations, kind)] as const));
