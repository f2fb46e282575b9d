import { epochMs, isoTime } from './ids.ts';
import type { SkipWhy } from './outcome.ts';
import type { Limits } from './policy.ts';
import type { CommandState, MailboxRow, ObservationRow, OutboxEntry, ResultRow, RunState } from './rows.ts';

/** The pseudo remediation of the generated document that runs every check; also the name of a cluster's check lane. */
export const NODE_CHECK = 'node-check';

type Text = {
  readonly outcome: ResultRow['outcome'];
  readonly why?: SkipWhy;
  readonly reason?: string;
  readonly message: string;
};

/** A result that needed no command. */
export const resultOf = (run: RunState, instanceId: string, text: Text, now: string): OutboxEntry => ({
  kind: 'result',
  row: {
    runId: run.runId,
    cluster: run.cluster,
    instanceId,
    remediation: run.remediation,
    action: run.action,
    ...text,
    endedAt: now,
    at: now,
  },
});

/** News for a lane, written by fleetmend itself. Its version derives from the run, so that writing it twice is one row. */
export const newsOf = (
  run: RunState,
  lane: string,
  instanceId: string,
  reason: string,
  source: string,
  seenAt: string,
  image?: string,
): OutboxEntry => {
  const row: MailboxRow = {
    lane,
    cluster: run.cluster,
    instanceId,
    reason,
    firstSeenAt: seenAt,
    lastSeenAt: seenAt,
    signals: 1,
    source,
    version: `${run.runId}/${seenAt}`,
    ...(image === undefined ? {} : { image }),
  };
  return { kind: 'mailbox', row };
};

/** Asks for a check of a node, through the cluster's check lane. */
export const askForCheck = (run: RunState, instanceId: string, reason: string, seenAt: string): OutboxEntry =>
  newsOf(run, `${run.cluster}/${NODE_CHECK}`, instanceId, reason, 'fleetmend.run', seenAt);

/**
 * The rows that brought a command's nodes go when SSM has the command. A check's row stays for the check's cool-down,
 * so that a node which goes on complaining is not checked at every line.
 */
export const dropsOf = (run: RunState, command: CommandState): OutboxEntry[] =>
  command.instanceIds.flatMap((instanceId, i): OutboxEntry[] => {
    const version = command.versions?.[i] ?? '';
    if (version === '' || run.lane === undefined || run.action === 'check') return [];
    return [{ kind: 'drop', lane: run.lane, instanceId, version }];
  });

/** What a check found, handed to the lanes that policy lets repair. */
export const findingsOf = (run: RunState, seen: ObservationRow, repairable: ReadonlySet<string>): OutboxEntry[] => {
  if (run.action !== 'check') return [];
  return Object.entries(seen.nodes).flatMap(([instanceId, tally]) =>
    (tally.findings ?? [])
      .filter(([remediation]) => repairable.has(remediation))
      .map(([remediation, reason]) =>
        newsOf(run, `${run.cluster}/${remediation}`, instanceId, reason, 'fleetmend.check', seen.at, tally.image),
      ),
  );
};

/** Nodes of a lost repair: nobody knows whether it ran. They end `Unknown` and are checked. */
export const lostOf = (run: RunState, command: CommandState, now: string): OutboxEntry[] =>
  command.instanceIds.flatMap((instanceId) => [
    resultOf(
      run,
      instanceId,
      {
        outcome: 'Unknown',
        reason: 'CommandLost',
        message: 'the sending was interrupted and SSM shows no such command: not sent again, a check was asked for',
      },
      now,
    ),
    askForCheck(run, instanceId, 'CommandLost', now),
  ]);

/** Gives back what a stopped run did not send: nothing is dropped in silence. */
export const unsentOf = (
  run: RunState,
  nodes: readonly (readonly [string, string])[],
  now: string,
  limits: Limits,
): OutboxEntry[] => {
  const why = run.stopped?.why;
  const later = isoTime(epochMs(now) + limits.coolDownSeconds * 1000);
  return nodes.flatMap(([instanceId, version]): OutboxEntry[] => {
    const lane = run.lane ?? run.group;
    const entries: OutboxEntry[] = [];
    switch (why) {
      case 'Yielded':
        // A signal's row still waits in the mailbox; an operator's node has none yet.
        if (version === '') entries.push(newsOf(run, lane, instanceId, 'OperatorRequest', 'operator', now));
        return entries;
      case 'CommandRefused':
        entries.push(
          resultOf(
            run,
            instanceId,
            {
              outcome: 'Unknown',
              reason: 'CommandRefused',
              message: 'SSM refused an earlier command of this run: nothing was sent to this node',
            },
            now,
          ),
        );
        break;
      case 'Cancelled':
      case 'Paused':
      case 'BreakerOpen':
        entries.push(
          resultOf(
            run,
            instanceId,
            { outcome: 'Skipped', why, message: `the run was stopped (${why}) before a command was sent to this node` },
            now,
          ),
        );
        // The lane itself waits for the pause's or the breaker's end.
        if (why !== 'Cancelled') return entries;
        break;
      case undefined:
        return entries;
      default:
        return why satisfies never;
    }
    if (version !== '') entries.push({ kind: 'defer', lane, instanceId, version, notBefore: later, decidedAt: now });
    return entries;
  });
};

/** The notice that a run has ended. */
export const endNotice = (run: RunState, counts: Partial<Record<string, number>>, now: string): OutboxEntry => ({
  kind: 'notice',
  id: `${run.runId}/ended`,
  detailType: 'Run Ended',
  detail: {
    runId: run.runId,
    cluster: run.cluster,
    remediation: run.remediation,
    action: run.action,
    origin: run.origin.source,
    startedAt: run.createdAt,
    endedAt: now,
    counts,
    ...(run.stopped === undefined ? {} : { stopped: run.stopped.why }),
  },
});
