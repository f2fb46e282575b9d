import type { DocumentResult } from '../../core/model/document-result.ts';
import type { GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { differences, mustBeUntouched, settledSnapshot } from '../../lab/real/untouched.ts';
import { mustSay, nameOf, runDocument } from './documents.ts';
import type { ExpectedResult, Fault, FaultScene } from './fault.ts';
import { linesMustAgree } from './lines.ts';
import { mustNotBeHealthy, startPod } from './pods.ts';
import { untilNoticed } from './until.ts';
import { mustBeNoWorse, readVitals } from './vitals.ts';

/** The result of one fault on one generation. */
export type CellResult = {
  readonly verdict: 'repaired' | 'diagnosed';
  readonly reason: string;
  readonly checkMs: number;
  readonly repairMs: number;
  /** Whether pods with a network of their own start, before and after the repair; undefined where nobody asked. */
  readonly pods?: { readonly before: boolean; readonly after: boolean };
  /** The result lines, and how the node differed after the repair from how it was broken. */
  readonly record: CellRecord;
};

/** What two builds of the documents must have in common on the same broken node (compare-records.ts). */
export type CellRecord = {
  readonly check: DocumentResult;
  readonly repair: DocumentResult;
  readonly changes: readonly string[];
};

/** What is expected on this generation. */
export const expectedOn = (
  generation: GenerationName,
  expected: ExpectedResult | ((generation: GenerationName) => ExpectedResult),
): ExpectedResult => (typeof expected === 'function' ? expected(generation) : expected);

/** Throws unless a pod's sandbox starts, or fails in the expected words. */
export const mustStart = async (node: RealNode, fault: Fault, starts: true | RegExp): Promise<void> => {
  const network = fault.sandbox?.network;
  const result = await node.runPodSandbox(network === undefined ? {} : { network });
  // What CNI could not set up it often cannot take down: such a sandbox lingers until the node is repaired or put back.
  if (result.ok || network !== 'POD') await node.removeSandboxes();
  if (starts === true && !result.ok) throw new Error(`a pod on ${nameOf(node)} does not start: ${result.error}`);
  if (starts === true) return;
  if (result.ok) throw new Error(`a pod on ${nameOf(node)} starts, but the fault should keep it from that`);
  if (!starts.test(result.error)) throw new Error(`a pod on ${nameOf(node)} fails by other words: ${result.error}`);
};

/** Whether a pod fails to start. */
const failsOn = async (node: RealNode): Promise<boolean> => {
  const { ok } = await node.runPodSandbox({ network: 'POD' });
  if (ok) await node.removeSandboxes();
  return !ok;
};

/**
 * Breaks a node and has it checked and repaired; where the cell is judged, a pod is started before and after. The check names the fault and changes nothing, the repair repairs it or says
 * why not, a pod starts where that is promised, and a second repair finds nothing more to do. A repair that refused is
 * run again only where `repeatsRefusals` says so: many wait for something first.
 */
export const runCell = async (
  node: RealNode,
  fault: Fault,
  scene: FaultScene,
  { repeatsRefusals, isJudged }: { readonly repeatsRefusals: boolean; readonly isJudged: boolean },
): Promise<CellResult> => {
  const { generation } = node;
  if (generation === undefined) throw new Error(`breaking ${node.name}: it is of no generation`);
  const [check, repair] = [`${fault.remediation}-check`, `${fault.remediation}-repair`];
  const on = (expected: NonNullable<Fault['repair']>) => expectedOn(generation, expected);
  const brokenAt = Date.now();
  await fault.break(node, scene);
  if (fault.sandbox?.failsBefore !== undefined) {
    // The runtime watches the CNI's files, and may still hold what they were.
    if (fault.sandbox.network === 'POD') await untilNoticed(() => failsOn(node));
    await mustStart(node, fault, fault.sandbox.failsBefore);
  }

  const podBefore = isJudged ? await startPod(node) : undefined;

  const broken = await settledSnapshot(node);
  const checked = await runDocument(node, check);
  mustSay(checked, on(fault.check));
  mustBeUntouched(`${check} on ${generation}`, broken, await node.snapshot());

  if (podBefore !== undefined) await mustNotBeHealthy(node, podBefore, fault.isOnlyInJournals === true);
  await linesMustAgree(node, brokenAt);
  const vitals = isJudged ? await readVitals(node, podBefore?.ok) : undefined;

  const afterRepair = await runDocument(node, repair);
  mustSay(afterRepair, fault.repair === undefined ? refusalOf(on(fault.check)) : on(fault.repair));
  const repaired = afterRepair.result.outcome === 'Repaired';
  const left = await node.snapshot();
  if (fault.repair === undefined || afterRepair.result.evidence?.changed === false) {
    mustBeUntouched(`${repair} on ${generation}, which repairs nothing,`, broken, left);
  }
  const changes = differences(broken, left);
  if (vitals !== undefined) await mustBeNoWorse(repair, node, vitals);
  const podAfter = isJudged ? await startPod(node) : undefined;
  if (fault.sandbox?.startsAfter === true) await mustStart(node, fault, true);
  if (fault.sandbox?.startsAfter === false) await mustStart(node, fault, fault.sandbox.failsBefore ?? /./);

  // The same words again, where nothing could be repaired.
  const { outcome, reason } = afterRepair.result;
  const otherwise = repaired ? { outcome: 'Healthy' } : { outcome, ...(reason === undefined ? {} : { reason }) };
  if (repaired || repeatsRefusals) {
    mustSay(await runDocument(node, repair), fault.again === undefined ? otherwise : on(fault.again));
  }
  return {
    verdict: repaired ? 'repaired' : 'diagnosed',
    reason: afterRepair.result.reason ?? checked.result.reason ?? checked.result.outcome,
    record: { check: checked.result, repair: afterRepair.result, changes },
    ...(podBefore === undefined || podAfter === undefined
      ? {}
      : { pods: { before: podBefore.ok, after: podAfter.ok } }),
    checkMs: checked.ms,
    repairMs: afterRepair.ms,
  };
};

/** What a repair says where only a person can repair: the check's own reason. */
const refusalOf = ({ outcome, reason }: ExpectedResult): ExpectedResult => ({
  outcome: ['Broken', 'Unknown'].includes(outcome) ? 'NotRepaired' : outcome,
  ...(reason === undefined ? {} : { reason }),
});

/** Removes all sandboxes once the runtime, which watches the CNI's files, has noticed that they are back. */
const removeSandboxes = async (node: RealNode): Promise<void> => {
  await untilNoticed(() =>
    node.removeSandboxes().then(
      () => true,
      () => false,
    ),
  );
  await node.removeSandboxes();
};

/** Puts the node back, and proves it: whatever a fault leaves would be taken for the next one's. */
export const restoreNode = async (node: RealNode, fault: Fault, scene: FaultScene): Promise<void> => {
  await fault.restore?.(node, scene);
  await removeSandboxes(node);
  const said = await runDocument(node, `${fault.remediation}-check`);
  if (said.result.outcome === 'Unsupported') return;
  mustSay({ ...said, what: `${said.what}, after "${fault.name}" was put back` }, { outcome: 'Healthy' });
};
