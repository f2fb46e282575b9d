import * as z from 'zod';
import { firstIssue } from '../model/issue.ts';
import type { UnsupportedKind } from '../model/unsupported.ts';
import type { NodeRef } from './node-ref.ts';

/** Everything that EventBridge puts around an event's detail. `resources` is missing where a person pastes an event. */
export const Envelope = z.object({
  id: z.string().min(1).max(200),
  source: z.string().min(1).max(256),
  'detail-type': z.string().min(1).max(128),
  time: z.iso.datetime({ offset: true }),
  resources: z.array(z.string()).default([]),
  detail: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof Envelope>;

/** The configuration values that the reading of an event depends on. */
export type ReadSettings = {
  /** How long a cluster's nodes may settle after a change before they are checked, in seconds. */
  readonly settleSeconds: number;
  /** The cluster to which the configuration assigns an alarm of the user, by the alarm's name. */
  readonly clusterOfAlarm: (alarmName: string) => string | undefined;
};

/** A report that one node may be unhealthy. */
type NodeReport = {
  readonly kind: 'node';
  readonly node: NodeRef;
  readonly cluster?: string;
  /** A reason of the catalogue, or one of the definition's `checkReasons`. */
  readonly reason: string;
  readonly image?: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly count: number;
  /** The line, the alarm or the words behind the report: untrusted text. */
  readonly sample?: string;
  readonly hint?: true;
};

/** A report about a node without an EC2 instance: a run records it as `Unsupported`. */
type UnsupportedReport = {
  readonly kind: 'unsupported';
  /** As audit rows name the node. */
  readonly nodeId: string;
  readonly nodeKind: UnsupportedKind;
  readonly cluster?: string;
  readonly reason: string;
};

/** A report that an instance has started. EC2's tags decide later whether it is a node of a managed cluster. */
type NewNodeReport = { readonly kind: 'new-node'; readonly instanceId: string };

/** A report about a whole cluster, whose nodes are checked `settleSeconds` after the event. */
type ClusterReport = {
  readonly kind: 'cluster';
  readonly cluster: string;
  readonly reason: string;
  readonly settleSeconds: number;
  readonly sample?: string;
};

/** The result of reading the detail of an event. `Ignored` are the codes of the definition's `ignored` table. */
export type Report<Ignored extends string = string> =
  /** `isProof`: the event shows the fault itself, so that a repair may follow without a check. */
  | (NodeReport & { readonly isProof: boolean })
  | UnsupportedReport
  | NewNodeReport
  | ClusterReport
  /** An event that is well formed and needs no action. */
  | { readonly kind: 'ignored'; readonly reason: Ignored }
  /** An event that lacks a required field, with the name of the field. */
  | { readonly kind: 'malformed'; readonly field: string; readonly message: string };

/** The report of a definition: with the reason to ignore an event comes its meaning, in a sentence. */
export type ExplainedReport =
  | Exclude<Report, { kind: 'ignored' }>
  | { readonly kind: 'ignored'; readonly reason: string; readonly meaning: string };

/** The origin of a signal: EventBridge's source, id and time of the event. */
type Origin = { readonly source: string; readonly id: string; readonly time: string };

/** The report of a delivered event. */
export type Signal = Origin &
  (
    | (NodeReport & {
        /** Whether a repair may follow without a check: a proof, from a source that only fleetmend may use. */
        readonly trusted: boolean;
        /** Present where the reason names no fault of the catalogue: a check is all that can follow. */
        readonly checkOnly?: true;
      })
    | UnsupportedReport
    | NewNodeReport
    | ClusterReport
    /** Acknowledged and counted; `meaning` explains the reason in a sentence. */
    | { readonly kind: 'ignored'; readonly reason: string; readonly meaning: string }
  );

/** A parsed event, or the invalid field and its problem. */
export type SignalReading =
  | {
      readonly ok: true;
      readonly signal: Signal;
      /** Whether anyone in the account may send events with this source; such signals have a rate limit. */
      readonly isForeign: boolean;
    }
  | { readonly ok: false; readonly field: string; readonly message: string };

/** A report with a malformed field; `field` is its path in the event. */
export const malformed = (field: string, message: string): Extract<Report, { kind: 'malformed' }> => ({
  kind: 'malformed',
  field,
  message,
});

/** The first issue of a parse as a malformed report; `prefix` is the path of the parsed part in the event. */
export const malformedBy = (error: z.ZodError, prefix: readonly PropertyKey[] = []) => {
  const { field, message } = firstIssue(error, '(event)', prefix);
  return malformed(field, message);
};
