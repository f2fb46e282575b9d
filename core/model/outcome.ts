import * as z from 'zod';
import { namesOf } from './names.ts';
import type { Action } from './remediation.ts';

/** The meaning of one outcome for every part of fleetmend. */
type OutcomeMeaning = {
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** The repair changed the node, and verified that it works. */
  readonly isRepaired: boolean;
  /** The node was seen to work. */
  readonly isWorking: boolean;
  /** A repair with this outcome tried something on the node: it starts the cool-down. */
  readonly isAttempt: boolean;
  /** The document itself reports that it tried nothing: the attempt that was booked before is taken back. */
  readonly triedNothing: boolean;
  /** A failed attempt: it counts towards quarantine. */
  readonly isFailed: boolean;
  /**
   * Whether a failure is attributable to the repair, and counts towards opening the circuit breaker: `by-reason` unless
   * its reason is node-local, `on-execution-timeout` where the script ran out of its time.
   */
  readonly attributable: 'never' | 'by-reason' | 'on-execution-timeout';
  /** Lets the slow start go on to the next node. */
  readonly passesCanary: boolean;
  /** A check found a fault that a repair may answer. */
  readonly isFinding: boolean;
  /** A check writes no row for the node: the observation of its command has the id. */
  readonly isOmittedByChecks: boolean;
  /** Comes with a `skipReason`. */
  readonly hasSkipReason: boolean;
  /** Says only that the node gave no answer, and nothing of how it is: any answer replaces it. */
  readonly isSilence: boolean;
  /** What a person looks at, where nothing else says it. */
  readonly lookAt?: string;
  /** The outcome that replaces it if an earlier repair of the node did not last. */
  readonly afterRepair?: string;
  /** Which scripts may report it, and their exit code; `null` if only fleetmend itself assigns it. */
  readonly script: { readonly actions: readonly Action[]; readonly exitCode: 0 | 1 | 2 } | null;
};

const NEITHER = {
  isRepaired: false,
  isWorking: false,
  isAttempt: true,
  triedNothing: false,
  isFailed: false,
  attributable: 'never',
  passesCanary: false,
  isFinding: false,
  isOmittedByChecks: false,
  hasSkipReason: false,
  isSilence: false,
  script: null,
} as const;

const outcomes = <const T extends Readonly<Record<string, OutcomeMeaning>>>(table: T): T => table;

/**
 * Every outcome of a node in a run, with its meaning; the most severe first. This table is the single source: a new outcome
 * is a new row. docs/glossary.md explains the names.
 */
export const OUTCOMES = outcomes({
  NotRepaired: {
    ...NEITHER,
    meaning: 'the repair was tried, and the node still does not work',
    isFailed: true,
    attributable: 'by-reason',
    script: { actions: ['repair'], exitCode: 1 },
  },
  Broken: {
    ...NEITHER,
    meaning: 'a check found a fault',
    isFinding: true,
    script: { actions: ['check'], exitCode: 1 },
  },
  TimedOut: {
    ...NEITHER,
    meaning: 'the document did not end in time',
    lookAt:
      'look at the load and the disk of the node, and at what the document waits for: on the node, tail /var/log/amazon/ssm/amazon-ssm-agent.log and journalctl -u kubelet -u containerd',
    isFailed: true,
    attributable: 'on-execution-timeout',
    isSilence: true,
  },
  Unknown: {
    ...NEITHER,
    meaning: 'the document ended without a result that can be relied on',
    isFailed: true,
    attributable: 'by-reason',
    script: { actions: ['check', 'repair'], exitCode: 2 },
  },
  Unreachable: {
    ...NEITHER,
    meaning: 'the node could not be reached through SSM',
    lookAt:
      'look whether the instance runs and passes its status checks, whether its agent does (systemctl status amazon-ssm-agent), whether its role has AmazonSSMManagedInstanceCore, and whether it reaches the endpoints ssm, ssmmessages and ec2messages',
    isAttempt: false,
    isSilence: true,
  },
  Relapsed: {
    ...NEITHER,
    meaning: 'the node was repaired again within a day: the earlier repair did not last',
    isRepaired: true,
    isWorking: true,
    isFailed: true,
    passesCanary: true,
  },
  Skipped: {
    ...NEITHER,
    meaning: 'fleetmend decided not to act; the skip reason says why',
    isAttempt: false,
    triedNothing: true,
    hasSkipReason: true,
    script: { actions: ['check', 'repair'], exitCode: 2 },
  },
  Repaired: {
    ...NEITHER,
    meaning: 'the repair changed the node and verified that it works',
    isRepaired: true,
    isWorking: true,
    passesCanary: true,
    afterRepair: 'Relapsed',
    script: { actions: ['repair'], exitCode: 0 },
  },
  Healthy: {
    ...NEITHER,
    meaning: 'the node works; nothing was changed',
    isWorking: true,
    passesCanary: true,
    isOmittedByChecks: true,
    script: { actions: ['check', 'repair'], exitCode: 0 },
  },
  Unsupported: {
    ...NEITHER,
    meaning: 'the node is of a kind that fleetmend cannot repair',
    isAttempt: false,
    triedNothing: true,
    script: { actions: ['check', 'repair'], exitCode: 1 },
  },
});

/** The outcome of one node in one run: a name of {@link OUTCOMES}. */
export const Outcome = z.enum(namesOf(OUTCOMES));
export type Outcome = z.infer<typeof Outcome>;

/** The meaning of an outcome. */
export const meaningOf = (outcome: Outcome): OutcomeMeaning => OUTCOMES[outcome];

type FlagName = { [K in keyof OutcomeMeaning]: OutcomeMeaning[K] extends boolean ? K : never }[keyof OutcomeMeaning];

/** The outcomes for which a flag of the table is set, the most severe first. */
export const outcomesWith = (flag: NonNullable<FlagName>): readonly Outcome[] =>
  namesOf(OUTCOMES).filter((name) => meaningOf(name)[flag]);

/** The outcomes that a node may have without a command, those with a skip reason aside. */
export const COMMANDLESS_OUTCOMES: readonly Outcome[] = namesOf(OUTCOMES).filter(
  (name) => !meaningOf(name).isAttempt && !meaningOf(name).hasSkipReason,
);

/** The outcomes that scripts may report. */
export const SCRIPT_OUTCOMES: readonly Outcome[] = namesOf(OUTCOMES).filter((name) => meaningOf(name).script !== null);

/** Whether a script may end an action with this outcome. */
export const mayReport = (action: Action, outcome: Outcome): boolean =>
  meaningOf(outcome).script?.actions.includes(action) === true;

/** The outcome of a result if an earlier repair of the node did not last; undefined if it does not change. */
export const afterRepairOf = (outcome: Outcome): Outcome | undefined =>
  namesOf(OUTCOMES).find((name) => name === meaningOf(outcome).afterRepair);

/** The meaning of each skip reason: it explains why fleetmend did not act. */
export const SKIP_REASONS = {
  OptedOut: 'the policy does not list the cluster, or the tag fleetmend:mode of the node forbids the action',
  Observe: 'the policy observes this remediation on this cluster',
  NotAllowed: 'the policy does not allow this repair on this cluster',
  CoolingDown: 'a repair was attempted on the node a short time ago',
  Quarantined: 'repairs of the node have failed too often; an operator has to release it',
  BreakerOpen: 'the circuit breaker of the lane is open',
  Paused: 'an operator has paused the cluster or the whole stack',
  NotManaged: 'SSM does not manage the instance',
  NotInCluster: 'the tags of the instance do not name this cluster',
  Gone: 'the instance is terminated or unknown to EC2',
  OverBudget: 'too many nodes of the cluster are under repair',
  Stale: 'the symptom is too old, or an attempt has answered it',
  Busy: 'another document of fleetmend is running on the node',
  BlockedBy: 'the fault of an earlier remediation has to be repaired first',
  Maintenance: 'the node is being replaced, updated or drained, or a freeze window is open',
  Cancelled: 'the run was cancelled before the node was reached',
  Unreadable: 'a fact that the decision needs is present but cannot be understood',
  RegistryHeld: 'the registry does not answer the nodes of the cluster',
  DocumentRefused: 'the document in SSM differs from the one that was built',
} as const satisfies Record<string, string>;

/** The reason of a `Skipped` result: a name of {@link SKIP_REASONS}. */
export const SkipReason = z.enum(namesOf(SKIP_REASONS));
export type SkipReason = z.infer<typeof SkipReason>;
