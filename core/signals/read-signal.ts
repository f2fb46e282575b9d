import type { Policy } from '../model/policy.ts';
import type { SignalDefinition } from './define-signal.ts';
import * as registry from './registry.ts';
import {
  Envelope,
  type ExplainedReport,
  malformedBy,
  type ReadSettings,
  type Signal,
  type SignalReading,
} from './types.ts';

type Registered = (typeof registry)[keyof typeof registry];

/** A switch in the configuration's `signals`. */
export type SignalSwitch = NonNullable<Registered['configKey']>;

/** Every signal, by its name in the registry. */
export const SIGNALS: readonly SignalDefinition<string, SignalSwitch>[] = Object.values(registry);

/** Every switch in the configuration's `signals`, in alphabetical order. */
export const SIGNAL_SWITCHES: readonly SignalSwitch[] = [
  ...new Set(SIGNALS.flatMap(({ configKey }) => configKey ?? [])),
].toSorted();

/** Reasons that name no fault of the catalogue. */
const CHECK_REASONS: ReadonlySet<string> = new Set(SIGNALS.flatMap(({ checkReasons }) => checkReasons));

/** The settings of the reading, from the policy. */
export const signalSettings = (policy: Pick<Policy, 'clusters' | 'limits'>): ReadSettings => ({
  settleSeconds: policy.limits.settleSeconds,
  clusterOfAlarm: (alarm) => policy.clusters.find(({ alarms }) => alarms.includes(alarm))?.name,
});

const refusalOf = ({ field, message }: { readonly field: string; readonly message: string }): SignalReading => ({
  ok: false,
  field,
  message,
});

const reads = ({ detailTypes, otherDetailTypes }: SignalDefinition, detailType: string): boolean =>
  detailTypes.includes(detailType) || (otherDetailTypes !== undefined && detailType.startsWith(otherDetailTypes));

const accepts = ({ sources }: SignalDefinition, source: string): boolean =>
  sources === 'any' || sources.includes(source);

/** The definition for a detail type and a source, or the reason why there is none. */
const definitionOf = (detailType: string, source: string): SignalDefinition | { readonly refusal: SignalReading } => {
  const candidates = SIGNALS.filter((definition) => reads(definition, detailType));
  const found = candidates.find((definition) => accepts(definition, source));
  if (found !== undefined) return found;
  if (candidates.length === 0) {
    const known = SIGNALS.flatMap(({ detailTypes, otherDetailTypes }) =>
      otherDetailTypes === undefined ? detailTypes : [`${otherDetailTypes}…`],
    );
    const message = `${JSON.stringify(detailType)} is not a signal; known are ${[...new Set(known)].join(', ')}`;
    return { refusal: refusalOf({ field: 'detail-type', message }) };
  }
  const senders = candidates.flatMap(({ sources }) => sources).join(', ');
  const message = `${JSON.stringify(source)} does not send ${detailType}; ${senders} does`;
  return { refusal: refusalOf({ field: 'source', message }) };
};

const signalOf = (
  { repairSources }: SignalDefinition,
  { id, source, time }: Envelope,
  report: Exclude<ExplainedReport, { kind: 'malformed' }>,
): Signal => {
  const origin = { id, source, time };
  if (report.kind !== 'node') return { ...origin, ...report };
  const { isProof, ...node } = report;
  const trusted = isProof && repairSources.includes(source);
  return { ...origin, ...node, trusted, ...(CHECK_REASONS.has(node.reason) ? { checkOnly: true } : {}) };
};

/**
 * Reads an event as EventBridge delivers it to the queue of signals. Pure and total: it returns a value for every event and
 * does not throw.
 */
export const readSignal = (event: unknown, settings: ReadSettings): SignalReading => {
  const envelope = Envelope.safeParse(event);
  if (!envelope.success) return refusalOf(malformedBy(envelope.error));
  const { source } = envelope.data;
  const definition = definitionOf(envelope.data['detail-type'], source);
  if ('refusal' in definition) return definition.refusal;
  const report = definition.read(envelope.data, settings);
  if (report.kind === 'malformed') return refusalOf(report);
  const isForeign = definition.sources === 'any' && !definition.repairSources.includes(source);
  return { ok: true, signal: signalOf(definition, envelope.data, report), isForeign };
};

/** A signal that leads to a check at most, whatever it proves and whichever reason it names. */
export const capAtCheck = (signal: Signal, source: string): Signal =>
  signal.kind === 'node' ? { ...signal, source, trusted: false, checkOnly: true } : { ...signal, source };
