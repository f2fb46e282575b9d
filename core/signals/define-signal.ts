import type * as z from 'zod';
import { defined } from '../model/defined.ts';
import { type Envelope, type ExplainedReport, malformedBy, type ReadSettings, type Report } from './types.ts';

/** The configuration values that an event pattern depends on. */
export type PatternSettings = {
  readonly stackName: string;
  /** Names of the user's own alarms, from `clusters[].alarms`. */
  readonly alarmNames: readonly string[];
};

/** One origin of a signal: a row of the table in docs/signals.md. The texts are Markdown. */
export type Way = {
  /** A sentence: what happened. */
  readonly when: string;
  /** Which of the definition's events it is, where that is not every one. */
  readonly event?: string;
  readonly leadsTo: string;
  readonly delay: string;
  /** In us-east-1, by AWS's list prices. */
  readonly cost: string;
};

type Declaration<Ignored extends string, ConfigKey extends string> = {
  /** In kebab case. Names the EventBridge rule and the folder `events/samples/signals/<name>`. */
  readonly name: string;
  /** A plain sentence; it is the description of the EventBridge rule, too. */
  readonly title: string;
  /** The public page on which AWS describes the events; missing where docs/signals.md describes them. */
  readonly documentation?: string;
  /** The bus on which the events arrive: the account's default bus, or fleetmend's own. */
  readonly bus: 'default' | 'fleetmend';
  readonly detailTypes: readonly string[];
  /** Detail types that begin so, and are not in `detailTypes`, are ignored for the reason that `read` gives. */
  readonly otherDetailTypes?: string;
  /**
   * Sources whose events are read; any other is refused. `any` lets every tool of the account send the events. Customers
   * cannot put events whose source begins with `aws.` (EventBridge API, PutEvents).
   */
  readonly sources: readonly string[] | 'any';
  /** Sources whose proofs lead to a repair. Only fleetmend may use them; everything else leads to a check at most. */
  readonly repairSources: readonly string[];
  /** The switch in the configuration's `signals` that turns the rule off; without one the rule is always there. */
  readonly configKey?: ConfigKey;
  /** The part of the event pattern for `detail`. */
  readonly detailPattern?: (settings: PatternSettings) => Readonly<Record<string, unknown>>;
  /** Reasons of node signals that name no fault of the catalogue: they lead to a check. */
  readonly checkReasons: readonly string[];
  /** Why an event that was delivered needs no action: a code for logs, and its meaning in a sentence. */
  readonly ignored: Readonly<Record<Ignored, string>>;
  readonly ways: readonly Way[];
};

/** A signal's one definition: rule, source check, reading, documentation and tests derive from it. */
export type SignalDefinition<Ignored extends string = string, ConfigKey extends string = string> = Declaration<
  Ignored,
  ConfigKey
> & { readonly read: (envelope: Envelope, settings: ReadSettings) => ExplainedReport };

/**
 * Defines a signal. `detail` is the schema of the event's detail; `read` receives the parsed detail. Pure and total:
 * `read` returns a value for every event and does not throw.
 */
export const defineSignal = <Detail, Ignored extends string = never, ConfigKey extends string = never>({
  detail: schema,
  read,
  ...declaration
}: Declaration<Ignored, ConfigKey> & {
  readonly detail: z.ZodType<Detail>;
  readonly read: (detail: Detail, envelope: Envelope, settings: ReadSettings) => Report<NoInfer<Ignored>>;
}): SignalDefinition<Ignored, ConfigKey> => ({
  ...declaration,
  read: (envelope, settings) => {
    const parsed = schema.safeParse(envelope.detail);
    if (!parsed.success) return malformedBy(parsed.error, ['detail']);
    const report = read(parsed.data, envelope, settings);
    return report.kind === 'ignored' ? { ...report, meaning: declaration.ignored[report.reason] } : report;
  },
});

/** An event pattern in EventBridge's own form. */
export type EventPattern = {
  readonly source?: readonly string[];
  readonly 'detail-type'?: readonly string[];
  readonly detail?: Readonly<Record<string, unknown>>;
};

/** The pattern of a signal's rule: the same detail types and sources that signal-intake reads. */
export const eventPatternOf = (definition: SignalDefinition, settings: PatternSettings): EventPattern => ({
  ...(definition.sources === 'any' ? {} : { source: definition.sources }),
  'detail-type': definition.detailTypes,
  ...defined({ detail: definition.detailPattern?.(settings) }),
});
