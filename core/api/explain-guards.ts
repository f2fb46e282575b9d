import { coolDownEnd, countedFailures } from '../guards/attempts.ts';
import { budgetOf, type KnownNode, type NodeFacts } from '../guards/decide-node.ts';
import { isFrozen } from '../guards/freeze.ts';
import { pauseText } from '../guards/pause.ts';
import { slotsHeld } from '../guards/slots.ts';
import { isCanary, newTrust, openBreakerOf, windowOf } from '../guards/trust.ts';
import { counted } from '../model/counted.ts';
import { defined } from '../model/defined.ts';
import { type ClusterPolicy, modeOf } from '../model/policy.ts';
import type { Rules } from '../runs/rules.ts';
import type { ClusterState, PauseRow } from '../state/cluster-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { Guard } from './explain.ts';

/** What decides about the repairs of one remediation on a cluster, besides the node. */
export type LaneSeen = {
  readonly policy: ClusterPolicy;
  readonly remediation: string;
  readonly disruptive: boolean;
  readonly document: string | undefined;
  readonly lane: LaneState | undefined;
  readonly trust: TrustRow | undefined;
  /** In how many other clusters the breaker of the document has not closed again. */
  readonly openElsewhere: number;
  readonly pause: PauseRow | undefined;
  readonly cluster: ClusterState | undefined;
  /** How many nodes wait in the lane. */
  readonly waiting: number;
};

/** The moment of an explanation, and its rules. */
export type Moment = { readonly rules: Rules; readonly now: string };

const ofPolicy = ({ policy, remediation, disruptive }: LaneSeen): readonly Guard[] => {
  const mode = modeOf(policy, remediation);
  const allows = policy.remediations[remediation]?.allowDisruptive === true;
  return [
    { guard: 'policy', passes: mode === 'repair', text: `mode ${mode}` },
    ...(disruptive
      ? [
          {
            guard: 'disruptive' as const,
            passes: allows,
            text: `allowDisruptive is ${allows}, and it restarts something`,
          },
        ]
      : []),
  ];
};

const ofPause = ({ pause }: LaneSeen): Guard => ({
  guard: 'pause',
  passes: pause === undefined,
  text: pause === undefined ? 'no pause' : pauseText(pause),
  ...defined({ until: pause?.until }),
});

const ofBreaker = ({ trust }: LaneSeen, { now }: Moment): Guard => {
  const open = trust && openBreakerOf(trust, now);
  const results = trust?.results ?? [];
  const failed = results.filter(({ end }) => end === 'failed').length;
  const numbers = { results: results.length, failed, openings: open?.openings ?? 0 };
  return open === undefined
    ? {
        guard: 'breaker',
        passes: true,
        text: `breaker shut, ${failed} of the last ${counted(results.length, 'node')} failed`,
        numbers,
      }
    : { guard: 'breaker', passes: false, text: `breaker open until ${open.openUntil}`, numbers, until: open.openUntil };
};

const ofRegistry = ({ lane }: LaneSeen, { now }: Moment): Guard => {
  const hold = lane?.registryHold;
  return hold === undefined || hold.until <= now
    ? { guard: 'registry', passes: true, text: 'no registry hold' }
    : {
        guard: 'registry',
        passes: false,
        text: `the registry does not answer: nodes that need it wait until ${hold.until}`,
        until: hold.until,
      };
};

const ofFreeze = ({ policy, disruptive }: LaneSeen, { now }: Moment): Guard => {
  const isHeld = disruptive && isFrozen(policy, now);
  return { guard: 'freeze', passes: !isHeld, text: isHeld ? 'a freeze window holds' : 'no freeze window holds' };
};

const ofBudget = (seen: LaneSeen, { rules, now }: Moment): readonly Guard[] => {
  const { limits } = rules.policy;
  const { cluster, document = '', policy, openElsewhere } = seen;
  const budget = budgetOf(cluster?.nodeCount ?? 0, limits);
  const held = cluster === undefined ? 0 : slotsHeld(cluster);
  const trust = seen.trust ?? newTrust(document, policy.name);
  const context = { budget, openElsewhere, nodesToRepair: Math.max(1, seen.waiting) };
  const window = windowOf(trust, context, now, limits);
  const canary = isCanary(trust, context, now, limits);
  return [
    {
      guard: 'budget',
      passes: held < budget,
      text: `${held} of at most ${counted(budget, 'node')} of the cluster under repair`,
      numbers: { held, budget },
    },
    {
      guard: 'canaries',
      passes: window > 0,
      text: canary ? 'slow start: one canary at a time' : `window of ${counted(window, 'node')}`,
      numbers: { window },
    },
  ];
};

/** The guards of a lane: they hold for every node of the cluster. */
export const laneGuards = (seen: LaneSeen, moment: Moment): readonly Guard[] => [
  ...ofPolicy(seen),
  ofPause(seen),
  ofBreaker(seen, moment),
  ofRegistry(seen, moment),
  ofFreeze(seen, moment),
  ...ofBudget(seen, moment),
];

const hours = (seconds: number): string => `${Math.round(seconds / 3600)} h`;

/** The guards of one node, as EC2, SSM and its own history show it. */
export const nodeGuards = (
  facts: NodeFacts | undefined,
  state: KnownNode | undefined,
  { rules, now }: Moment,
): readonly Guard[] => {
  const { limits } = rules.policy;
  const tag = facts?.modeTag;
  const failed = countedFailures(state?.attempts ?? {}, now, limits);
  const ends = coolDownEnd(state, limits);
  const cools = ends !== undefined && ends > now;
  const quarantinedAt = state?.quarantinedAt;
  const ping = facts?.ssm?.pingStatus ?? 'not managed by SSM';
  const isReached = facts?.state === 'running' && ping === 'Online';
  return [
    { guard: 'tag', passes: tag === undefined || tag === 'repair', text: tag === undefined ? 'no tag' : `tag ${tag}` },
    { guard: 'reachable', passes: isReached, text: `instance ${facts?.state ?? 'unknown to EC2'}, agent ${ping}` },
    {
      guard: 'quarantine',
      passes: quarantinedAt === undefined,
      text: quarantinedAt === undefined ? 'not quarantined' : `quarantined since ${quarantinedAt}`,
    },
    {
      guard: 'cool-down',
      passes: !cools,
      text: cools ? `cools down until ${ends}` : 'no attempt to cool down from',
      numbers: { coolDownSeconds: limits.coolDownSeconds },
      ...(cools ? { until: ends } : {}),
    },
    {
      guard: 'attempts',
      passes: failed < limits.quarantineAttempts,
      text: `${failed} of ${limits.quarantineAttempts} failed attempts in ${hours(limits.attemptWindowSeconds)}`,
      numbers: { failed, limit: limits.quarantineAttempts },
    },
  ];
};
