import { defined } from '../model/defined.ts';
import { meaningOf, type Outcome } from '../model/outcome.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import type { EndedRun } from '../state/run-state.ts';
import type { Knowledge } from './rules.ts';
import { RUN_ENDED } from './run-end.ts';

/**
 * What has changed about a node. `broken`: a sweep found a fault that no repair will answer, and the sweep before it did
 * not. `works`: the node works again without a repair. The others are ends of a repair.
 */
export const CHANGES = ['not-repaired', 'relapsed', 'broken', 'repaired', 'works'] as const;
export type ChangeName = (typeof CHANGES)[number];

/** A node that has changed. */
export type NodeChange = {
  readonly change: ChangeName;
  readonly instanceId: string;
  readonly outcome?: Outcome;
  readonly reason?: string;
  readonly remediation?: string;
};

/** The most nodes that an event names. It is stored with its run, which must fit into one item. */
export const MAX_CHANGES = 20;

const shownOf = ({ instanceId, outcome, reason, remediation }: NodeNote) => ({
  instanceId,
  outcome,
  remediation,
  ...defined({ reason }),
});

const afterRepair = (note: NodeNote): readonly NodeChange[] => {
  const { isWorking, isRepaired, isFailed, hasSkipReason } = meaningOf(note.outcome);
  if (!isWorking) return hasSkipReason ? [] : [{ change: 'not-repaired', ...shownOf(note) }];
  if (!isRepaired) return [];
  return [{ change: isFailed ? 'relapsed' : 'repaired', ...shownOf(note) }];
};

/** Whether a repair follows a finding: then the notice of the repair has its end. */
const isAnswered = (
  { outcome, remediation, reason }: NodeNote,
  { repairable, unrepairable }: Pick<Knowledge, 'repairable' | 'unrepairable'>,
): boolean =>
  meaningOf(outcome).isFinding && repairable.has(remediation) && (reason === undefined || !unrepairable.has(reason));

/** What a sweep found that the sweep before it did not. A node that gave no answer has not changed. */
const afterSweep = (
  run: EndedRun,
  { notes }: Pick<RunDigest, 'notes'>,
  known: Pick<Knowledge, 'repairable' | 'unrepairable'>,
  healthy: ReadonlySet<string>,
): readonly NodeChange[] => {
  const ailing = new Set(run.ailing);
  const broken = notes.filter((note) => {
    const { isWorking, isSilence } = meaningOf(note.outcome);
    return !isWorking && !isSilence && !ailing.has(note.instanceId) && !isAnswered(note, known);
  });
  return [
    ...broken.map((note): NodeChange => ({ change: 'broken', ...shownOf(note) })),
    ...[...ailing].filter((id) => healthy.has(id)).map((instanceId): NodeChange => ({ change: 'works', instanceId })),
  ];
};

/** What a run that has ended has changed about its nodes, the worst first. `healthy` are the nodes that a check found healthy. */
export const changesOf = (
  run: EndedRun,
  digest: Pick<RunDigest, 'notes'>,
  known: Pick<Knowledge, 'repairable' | 'unrepairable'>,
  healthy: ReadonlySet<string>,
): readonly NodeChange[] => {
  const changes =
    run.action === 'repair'
      ? digest.notes.flatMap(afterRepair)
      : run.because.kind === 'sweep'
        ? afterSweep(run, digest, known, healthy)
        : [];
  return CHANGES.flatMap((name) => changes.filter(({ change }) => change === name));
};

/** The run with what it has changed in the notice of its end. */
export const withChanges = (run: EndedRun, changes: readonly NodeChange[]): EndedRun => {
  if (changes.length === 0) return run;
  const told = { changes: changes.slice(0, MAX_CHANGES), changed: changes.length };
  const outbox = run.outbox.map(
    (entry): OutboxEntry =>
      entry.kind === 'notice' && entry.detailType === RUN_ENDED
        ? { ...entry, detail: { ...entry.detail, ...told } }
        : entry,
  );
  return { ...run, outbox };
};
