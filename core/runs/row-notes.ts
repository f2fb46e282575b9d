import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { mayRepair } from '../model/may-repair.ts';
import { meaningOf } from '../model/outcome.ts';
import { clusterPolicy } from '../model/policy.ts';
import type { PolicyDecision, ResultRow } from '../state/results.ts';
import { type Rules, skipReasonOf } from './rules.ts';

/** The rules that a row rests on, and the deployment that they are of. */
export type NoteRules = Pick<Rules, 'policy' | 'remediations'> & {
  readonly sweepMinutes: number;
  readonly deployment: { readonly version: string; readonly configuration: string };
};

/** What a check found, by remediation. */
const foundIn = ({ action, findings, outcome, remediation, reason }: ResultRow) => {
  if (action !== 'check') return [];
  return (findings ?? [{ remediation, outcome, reason }]).filter((found) => meaningOf(found.outcome).isFinding);
};

/** The decision of policy not to repair each finding of a check, with the line of the configuration that makes it. */
export const policyDecisions = (row: ResultRow, rules: NoteRules): readonly PolicyDecision[] => {
  const policy = clusterPolicy(rules.policy, row.cluster);
  return foundIn(row).flatMap(({ remediation, reason }): readonly PolicyDecision[] => {
    const entry = rules.remediations.find(({ name }) => name === remediation);
    const permission = policy === undefined || entry === undefined ? undefined : mayRepair(policy, entry);
    if (permission === undefined || permission.allowed) return [];
    const { setting, value, why } = permission;
    const { version, configuration } = rules.deployment;
    const message = `no repair by ${remediation}: ${why} (configuration ${configuration}, version ${version})`;
    const rule = { setting, value, configuration, version };
    return [{ remediation, skipReason: skipReasonOf(permission), message, ...rule, ...defined({ reason }) }];
  });
};

/** When a node that gave no answer is looked at next, and by what. */
const nextLookOf = ({ cluster, at }: ResultRow, { policy, sweepMinutes }: NoteRules): ResultRow['nextLook'] =>
  clusterPolicy(policy, cluster)?.sweeps === true
    ? { what: 'the next sweep of the cluster', by: isoTime(epochMs(at) + sweepMinutes * 60_000) }
    : { what: 'nothing looks at the node by itself: sweeps are off for this cluster' };

/**
 * A result as it is recorded: with the decisions that policy makes about it, and, of a node that gave no answer, with what to
 * look at and when fleetmend looks again.
 */
export const noted = (row: ResultRow, rules: NoteRules): ResultRow => {
  const decisions = policyDecisions(row, rules);
  const { isSilence, lookAt } = meaningOf(row.outcome);
  return {
    ...row,
    ...(decisions.length === 0 ? {} : { decisions: [...decisions] }),
    ...(isSilence ? defined({ advice: row.advice ?? lookAt, nextLook: nextLookOf(row, rules) }) : {}),
  };
};
