import { isFrozen } from '../guards/freeze.ts';
import { type Forbidden, mayRepair } from '../model/may-repair.ts';
import { clusterPolicy, type Policy } from '../model/policy.ts';
import { documentsOf, type PartDocument } from './batch.ts';

/** One remediation, as decisions need it. */
type RuledRemediation = {
  readonly name: string;
  readonly disruptive: boolean;
  readonly reasons: Readonly<Record<string, 'node-local' | 'attributable'>>;
  readonly unrepairable: readonly string[];
};

/** What a deployment decides: the policy, the remediations, and the documents by key. */
export type Rules = {
  readonly policy: Policy;
  readonly remediations: readonly RuledRemediation[];
  readonly documents: Readonly<Record<string, { readonly name: string; readonly executionTimeoutSeconds: number }>>;
  /** The interval of the sweeps, in minutes. */
  readonly sweepMinutes: number;
  /** The deployment that the policy is of, where decisions name it. */
  readonly deployment?: { readonly configuration: string };
};

/** The rules that decide about the results of a run on this cluster. */
export type Knowledge = {
  /** Names of the reasons with the scope `node-local`: their failures are not attributable to the repair. */
  readonly nodeLocal: ReadonlySet<string>;
  /** Remediations that the policy allows to repair on this cluster. The findings of a check go to their lanes. */
  readonly repairable: ReadonlySet<string>;
  /** Names of the reasons that no repair can fix. A finding with such a reason requests no repair. */
  readonly unrepairable: ReadonlySet<string>;
};

const remediationOf = ({ remediations }: Rules, name: string): RuledRemediation | undefined =>
  remediations.find((r) => r.name === name);

/** The node-local reasons, and the remediations whose findings may lead to repairs on the cluster. */
export const knowledgeOf = (rules: Rules, cluster: string): Knowledge => {
  const policy = clusterPolicy(rules.policy, cluster);
  const nodeLocal = rules.remediations.flatMap(({ reasons }) =>
    Object.entries(reasons).flatMap(([name, scope]) => (scope === 'node-local' ? [name] : [])),
  );
  const repairable =
    policy === undefined ? [] : rules.remediations.filter((r) => mayRepair(policy, r).allowed).map((r) => r.name);
  return {
    nodeLocal: new Set(nodeLocal),
    repairable: new Set(repairable),
    unrepairable: new Set(rules.remediations.flatMap((r) => r.unrepairable)),
  };
};

/** Whether repairs of a remediation restart something. */
export const isDisruptive = (rules: Rules, remediation: string): boolean =>
  remediationOf(rules, remediation)?.disruptive === true;

/** Whether the policy lists a cluster. */
export const isManaged = (rules: Rules, cluster: string): boolean => clusterPolicy(rules.policy, cluster) !== undefined;

/** Whether the policy lets a remediation repair on a cluster now. One that is not deployed may not. */
export const mayRepairOn = (rules: Rules, cluster: string, remediation: string): boolean => {
  const policy = clusterPolicy(rules.policy, cluster);
  const entry = remediationOf(rules, remediation);
  return policy !== undefined && entry !== undefined && mayRepair(policy, entry).allowed;
};

/** The reason of a decision that a line of the configuration makes. */
export const skipReasonOf = ({ value }: Pick<Forbidden, 'value'>): 'Observe' | 'NotAllowed' =>
  value === false ? 'NotAllowed' : 'Observe';

/** The line of the configuration that forbids a remediation to repair on a cluster; undefined where none does. */
export const forbiddenOn = (
  rules: Rules,
  cluster: string,
  remediation: string,
): { readonly skipReason: 'Observe' | 'NotAllowed'; readonly why: string } | undefined => {
  const policy = clusterPolicy(rules.policy, cluster);
  const entry = remediationOf(rules, remediation);
  const permission = policy === undefined || entry === undefined ? undefined : mayRepair(policy, entry);
  if (permission === undefined || permission.allowed) return undefined;
  const hash = rules.deployment?.configuration;
  return {
    skipReason: skipReasonOf(permission),
    why: `${permission.why} in the configuration${hash === undefined ? '' : ` ${hash}`}`,
  };
};

/** The message of a node whose remediation this version does not have. */
export const removedText = (remediation: string): string =>
  `this version of fleetmend has no remediation ${remediation}: deploy a version that has it, or repair the node by hand`;

/** Why a remediation repairs nothing, where this version does not have it; undefined where it does. */
export const removedOf = (rules: Rules, remediation: string): string | undefined =>
  remediationOf(rules, remediation) === undefined ? removedText(remediation) : undefined;

/** Whether a freeze window holds back the repairs of a remediation on a cluster now. */
export const isFrozenFor = (rules: Rules, cluster: string, remediation: string, now: string): boolean => {
  const policy = clusterPolicy(rules.policy, cluster);
  return policy !== undefined && isDisruptive(rules, remediation) && isFrozen(policy, now);
};

/** The documents that a run of this key sends now, in the order of their parts; none where none is deployed. */
export const deployedOf = (rules: Rules, key: string): readonly PartDocument[] => documentsOf(rules.documents, key);
