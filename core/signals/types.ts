import * as z from 'zod';
import type { UnsupportedKind } from '../model/unsupported.ts';
import type { NodeRef } from './node-ref.ts';

/** Where a signal came from: EventBridge's source, id and time of the event. */
type Origin = { readonly source: string; readonly id: string; readonly time: string };

/** What a delivered event says. */
export type Signal =
  /** One node may be broken. `trusted`: log-classifier saw the fault itself, which alone may lead to a repair. */
  | (Origin & {
      readonly kind: 'node';
      readonly node: NodeRef;
      readonly cluster?: string;
      /** Of the catalogue, or one of {@link CHECK_REASONS}. */
      readonly reason: string;
      readonly image?: string;
      readonly firstSeenAt: string;
      readonly lastSeenAt: string;
      readonly count: number;
      readonly hint?: true;
      readonly trusted: boolean;
    })
  /** News of a node that no EC2 instance stands behind: it is written down, and nothing can be done about it. */
  | (Origin & {
      readonly kind: 'unsupported';
      /** As audit rows name it. */
      readonly nodeId: string;
      readonly why: UnsupportedKind;
      readonly cluster?: string;
      readonly reason: string;
    })
  /** An instance has started; whether it is a node of ours is not known yet. */
  | (Origin & { readonly kind: 'new-node'; readonly instanceId: string })
  /** Something happened to a whole cluster: it is checked once its nodes have had time to settle. */
  | (Origin & {
      readonly kind: 'cluster';
      readonly cluster: string;
      readonly why: string;
      readonly settleSeconds: number;
    })
  /** Not news: acknowledged, and counted by `why`. */
  | (Origin & { readonly kind: 'ignored'; readonly why: string });

/** A read event, or which field is wrong and why. */
export type SignalReading =
  | { readonly ok: true; readonly signal: Signal }
  | { readonly ok: false; readonly field: string; readonly message: string };

/**
 * Reasons of signals that name no fault of the catalogue: `AlarmRaised` (an alarm about an instance), `ForeignSymptom` (a
 * Node Symptom that gives none). They can lead to nothing but a check.
 */
export const CHECK_REASONS: ReadonlySet<string> = new Set(['AlarmRaised', 'ForeignSymptom']);

/** What of the policy the reading depends on. */
export type SignalOptions = {
  /** How long a cluster's nodes get to settle after a change, in seconds. */
  readonly settleSeconds: number;
  /** The cluster that a user's own alarm is about, by the alarm's name, where its dimensions do not say. */
  readonly clusterOfAlarm: (alarmName: string) => string | undefined;
};

/** What every event on a bus has. `resources` is missing where a person pastes an event. */
export const Envelope = z.object({
  id: z.string().min(1).max(200),
  source: z.string().min(1).max(256),
  'detail-type': z.string().min(1).max(128),
  time: z.iso.datetime({ offset: true }),
  resources: z.array(z.string()).default([]),
  detail: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof Envelope>;

/** An event that does not fit, with the field that is wrong. */
export const refused = (field: string, message: string): SignalReading => ({ ok: false, field, message });

/** The first problem of a parse, as a refusal; `prefix` is where in the event the parsed part lies. */
export const refusal = (error: z.ZodError, prefix: readonly PropertyKey[] = []): SignalReading => {
  const issue = error.issues[0];
  const field = [...prefix, ...(issue?.path ?? [])].map(String).join('.');
  return refused(field || '(event)', issue?.message ?? 'invalid');
};
