import { defined } from '../../core/model/defined.ts';
import type { DocumentResult, Finding } from '../../core/model/document-result.ts';
import { meaningOf } from '../../core/model/outcome.ts';
import { texts } from '../../ssm-documents/remediations.ts';

/** A fault of a simulated node. */
export type SimulatedFault = {
  /** The remediation whose check finds it and whose repair may repair it. */
  readonly remediation: string;
  readonly reason: string;
  readonly cause?: string;
  /** The method without a registry that the check names. */
  readonly localMethod?: string;
  /** The effect of a repair: it repairs the fault (which may recur), fails with a reason, or crashes. */
  readonly repair:
    | { readonly kind: 'repairs'; readonly method?: string; readonly willRecur?: boolean }
    | { readonly kind: 'fails'; readonly reason: string; readonly evidence?: DocumentResult['evidence'] }
    | { readonly kind: 'crashes' };
};

/** The parts of a document's name: `fleetmend-<remediation>-<action>[-variant]-<12 hex digits>`. */
export type DocumentKey = {
  readonly remediation: string;
  readonly action: 'check' | 'repair';
  /** Of a part of `node-check`: the remediations whose checks it runs; all of them if absent. */
  readonly checks?: readonly string[];
  readonly part?: number;
  readonly parts?: number;
};

/** Reads the lines that the builder adds to each part of `node-check`: its checks, its number, and the number of parts. */
export const readPart = (script: string): Pick<DocumentKey, 'checks' | 'part' | 'parts'> => {
  const checks = /^NODE_CHECKS=\(([a-z0-9 -]*)\)$/m.exec(script)?.[1]?.split(' ');
  const [, part, parts] = /^PART=([0-9]+) PARTS=([0-9]+)$/m.exec(script) ?? [];
  return {
    ...defined({ checks }),
    ...(part === undefined || parts === undefined ? {} : { part: Number(part), parts: Number(parts) }),
  };
};

/** Reads a document's name; undefined if it is no document of fleetmend. */
export const readDocumentName = (name: string): DocumentKey | undefined => {
  const key = /^fleetmend-(.+)-[0-9a-f]{12}$/.exec(name)?.[1];
  if (key === undefined) return undefined;
  if (/^node-check(?:-[1-9][0-9]*)?$/.test(key)) return { remediation: 'node-check', action: 'check' };
  const match = /^(.+?)-(check|repair)(?:-.+)?$/.exec(key);
  const [, remediation, action] = match ?? [];
  return remediation === undefined ? undefined : { remediation, action: action === 'repair' ? 'repair' : 'check' };
};

/** Marks every line that a simulated node wrote. */
const SIMULATED = 'simulated';

/** A title as the builder writes it into the documents. */
const titleOf = (reason: string): string => texts.reasons.get(reason)?.title ?? reason;

const broken = (fault: SimulatedFault): Finding => ({
  remediation: fault.remediation,
  outcome: 'Broken',
  reason: fault.reason,
  ...defined({ cause: fault.cause, method: fault.localMethod }),
  title: titleOf(fault.reason),
});

/** The result of a document on a node with these faults, and the remaining faults. */
export const playDocument = (
  key: DocumentKey,
  faults: readonly SimulatedFault[],
  startedAt: string,
  endedAt: string,
): { readonly result: DocumentResult | undefined; readonly left: readonly SimulatedFault[] } => {
  const times = { startedAt, endedAt };
  const evidence = { evidence: { [SIMULATED]: true } };
  const head = { v: 2 as const, remediation: key.remediation, action: key.action };
  if (key.remediation === 'node-check') {
    const { checks, part, parts } = key;
    const found = faults.filter(({ remediation }) => checks?.includes(remediation) ?? true);
    const head = {
      v: 2 as const,
      remediation: key.remediation,
      action: key.action,
      ...(part === undefined || parts === undefined ? {} : { part, parts }),
    };
    const [first] = found;
    if (first === undefined)
      return {
        result: { ...head, outcome: 'Healthy', title: 'No fault was found', ...evidence, ...times },
        left: faults,
      };
    return {
      result: {
        ...head,
        outcome: 'Broken',
        reason: first.reason,
        title: titleOf(first.reason),
        ...evidence,
        findings: found.map(broken),
        ...times,
      },
      left: faults,
    };
  }
  const fault = faults.find((f) => f.remediation === key.remediation);
  if (fault === undefined)
    return {
      result: { ...head, outcome: 'Healthy', title: 'No fault was found', ...evidence, ...times },
      left: faults,
    };
  if (key.action === 'check') return { result: { ...head, ...broken(fault), ...evidence, ...times }, left: faults };
  const cause = defined({ cause: fault.cause });
  const { repair } = fault;
  switch (repair.kind) {
    case 'repairs':
      return {
        result: {
          ...head,
          outcome: 'Repaired',
          reason: fault.reason,
          ...cause,
          ...defined({ method: repair.method, willRecur: repair.willRecur }),
          title: 'The node was repaired',
          ...evidence,
          ...times,
        },
        left: faults.filter((f) => f !== fault),
      };
    case 'fails':
      return {
        result: {
          ...head,
          outcome: 'NotRepaired',
          reason: repair.reason,
          ...cause,
          title: titleOf(repair.reason),
          evidence: { ...repair.evidence, ...evidence.evidence },
          ...times,
        },
        left: faults,
      };
    case 'crashes':
      return { result: undefined, left: faults };
    default:
      return repair satisfies never;
  }
};

/** The script's exit code for an outcome: 0 repaired or healthy, 1 not, 2 unknown. */
export const exitCodeOf = (result: DocumentResult | undefined): number => {
  if (result === undefined) return 2;
  return meaningOf(result.outcome).script?.exitCode ?? 2;
};
