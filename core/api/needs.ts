import { counted } from '../model/counted.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import { UNPROVEN_PER_DAY } from '../state/unproven-day.ts';
import type { ClusterStatus, Need } from './status.ts';

/** Messages in a dead-letter queue. */
export type Letters = { readonly queue: string; readonly count: number };

/** How long before its end a pause is told of. */
const ENDING_MS = 1_800_000;

type Told = Omit<Need, 'kind'>;

const times = (n: number): string => (n === 1 ? 'first time' : `${n} times in a row`);
const nodesText = (n: number): string => counted(n, 'node');

const ofBreakers = ({ cluster, breakers }: ClusterStatus): readonly Told[] =>
  breakers.map(({ remediation, state, openedAt, openUntil, openings, runId }) => ({
    need: 'BreakerOpen',
    severity: state === 'open' ? 'error' : 'warning',
    ...{ cluster, remediation, since: openedAt, until: openUntil },
    message:
      state === 'open'
        ? `breaker of ${remediation} is open until ${openUntil} (${times(openings)})${runId === undefined ? '' : `, since run ${runId} failed`}`
        : `breaker of ${remediation} was open until ${openUntil} (${times(openings)}); canaries try the document again`,
    command: `fleetmend explain ${cluster}/${remediation}`,
  }));

const ofHolds = ({ cluster, registryHolds }: ClusterStatus): readonly Told[] =>
  registryHolds.map(({ remediation, until, holds }) => ({
    need: 'RegistryHeld',
    severity: 'warning',
    ...{ cluster, remediation, until },
    message: `the registry does not answer the nodes that ${remediation} repairs: those that need it wait until ${until} (${times(holds)})`,
    command: `fleetmend explain ${cluster}/${remediation}`,
  }));

const ofSweeps = ({ cluster, sweeps }: ClusterStatus): readonly Told[] => {
  if (!sweeps.isLate) return [];
  const since = sweeps.last?.endedAt ?? sweeps.open?.createdAt;
  return [
    {
      need: 'SweepsLate',
      severity: 'error',
      cluster,
      ...defined({ since }),
      message: `no sweep of ${cluster} has ended since ${since ?? 'its first one was asked for'}; one is due every ${sweeps.everyMinutes} minutes`,
      command: 'fleetmend doctor',
    },
  ];
};

const ofPauses = ({ cluster, pauses }: ClusterStatus, now: string): readonly Told[] =>
  pauses.flatMap(({ scope, until, by, reason, at }): readonly Told[] => {
    if (until === undefined || until > isoTime(epochMs(now) + ENDING_MS)) return [];
    const flag = scope === 'all' ? '--all' : `-c ${cluster}`;
    return [
      {
        need: 'PauseEnding',
        severity: 'warning',
        ...(scope === 'all' ? {} : { cluster }),
        ...{ since: at, until },
        message: `the pause by ${by} ends at ${until}: ${reason}`,
        command: `fleetmend pause ${flag} --for 2h --reason "still needed"`,
      },
    ];
  });

/** The signals that led to nothing, because the results of the day about nodes that nothing proves were spent. */
export const cutText = (count: number): string =>
  `${counted(count, 'signal')} of today left out: they named Fargate or hybrid nodes, which nothing proves, beyond the ${UNPROVEN_PER_DAY} results that a cluster has for such nodes on a day`;

const ofCounts = (status: ClusterStatus): readonly Told[] => {
  const { cluster, outcomes, forbidden, unknown, unsupported, unreachable, remediations } = status;
  const names = remediations.filter(({ allowed }) => !allowed).map(({ remediation }) => remediation);
  const list = `fleetmend status -c ${cluster}`;
  const all: readonly (Pick<Told, 'need' | 'severity' | 'message'> & { readonly count: number })[] = [
    {
      need: 'NotRepaired',
      severity: 'error',
      count: outcomes.NotRepaired ?? 0,
      message: `${nodesText(outcomes.NotRepaired ?? 0)} still broken after a repair`,
    },
    {
      need: 'PolicyForbids',
      severity: 'warning',
      count: forbidden,
      message: `${nodesText(forbidden)} broken, and the policy forbids the repair (it allows none of ${names.join(', ')})`,
    },
    {
      need: 'Unknown',
      severity: 'warning',
      count: unknown,
      message: `${nodesText(unknown)} without a result that can be relied on`,
    },
    {
      need: 'Unsupported',
      severity: 'warning',
      count: unsupported,
      message: `${nodesText(unsupported)} of a kind that fleetmend cannot repair`,
    },
    {
      need: 'Unreachable',
      severity: 'warning',
      count: unreachable,
      message: `${nodesText(unreachable)} not reached through SSM`,
    },
    {
      need: 'SignalsCut',
      severity: 'warning',
      count: status.signalsCut,
      message: cutText(status.signalsCut),
    },
    {
      need: 'Unreadable',
      severity: 'error',
      count: status.unread.length,
      message: `not everything could be read: ${status.unread[0] ?? ''}`,
    },
  ];
  return all.filter(({ count }) => count > 0).map((told) => ({ ...told, cluster, command: list }));
};

/** The next step for a quarantined node: what to do, and the command to copy when it is done. */
export const quarantineNeed = ({
  instanceId,
  cluster,
  remediation,
  quarantinedAt,
  quarantineAdvice,
}: NodeStateRow): Told => ({
  need: 'Quarantined',
  severity: 'error',
  ...{ cluster, remediation, instanceId, ...defined({ since: quarantinedAt }) },
  message: `${instanceId} is quarantined for ${remediation}: ${quarantineAdvice ?? 'its repairs have failed too often'}`,
  instead: replaceCommand(instanceId),
  command: releaseCommand({ instanceId, cluster, remediation }),
});

/**
 * The command that replaces a node by its node group: EKS drains the nodes of its managed node groups first. Source: Amazon EKS
 * user guide, "Simplify node lifecycle with managed node groups".
 */
export const replaceCommand = (instanceId: string): string =>
  `aws autoscaling terminate-instance-in-auto-scaling-group --instance-id ${instanceId} --no-should-decrement-desired-capacity`;

/** The command that releases a quarantined node once its cause is gone. */
export const releaseCommand = ({
  instanceId,
  cluster,
  remediation,
}: Pick<NodeStateRow, 'instanceId' | 'cluster' | 'remediation'>): string =>
  `fleetmend release ${instanceId} -c ${cluster} --remediation ${remediation} --reason "cause removed"`;

const SEVERITIES = ['error', 'warning'] as const;

/** What needs a person, errors first. A pause of everything is told once. */
export const needsOf = (
  clusters: readonly ClusterStatus[],
  quarantined: readonly NodeStateRow[],
  letters: readonly Letters[],
  now: string,
): readonly Need[] => {
  const told: readonly Told[] = [
    ...clusters.flatMap(ofBreakers),
    ...quarantined.map(quarantineNeed),
    ...clusters.flatMap(ofSweeps),
    ...clusters.flatMap(ofHolds),
    ...letters
      .filter(({ count }) => count > 0)
      .map(
        ({ queue, count }): Told => ({
          need: 'DeadLetters',
          severity: 'error',
          count,
          message: `${queue} has ${counted(count, 'message')}`,
          command: 'fleetmend replay --dry-run',
        }),
      ),
    ...clusters.flatMap((cluster) => ofPauses(cluster, now)),
    ...clusters.flatMap(ofCounts),
  ];
  const once = new Map(told.map((need) => [`${need.command} ${need.message}`, need]));
  return SEVERITIES.flatMap((severity) => [...once.values()].filter((need) => need.severity === severity)).map(
    (need) => ({ kind: 'need', ...need }),
  );
};
