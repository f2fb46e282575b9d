import { Policy } from '../../core/model/policy.ts';
import { eventPatternOf } from '../../core/signals/define-signal.ts';
import { placeSignal } from '../../core/signals/place.ts';
import { readSignal, SIGNALS, signalSettings } from '../../core/signals/read-signal.ts';
import { compilePattern } from '../../lab/aws/pattern.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

/** The user's own alarms that the samples are about. */
export const SAMPLE_ALARMS = ['demo-nodes-unwell', 'demo-inodes', 'demo-node-disk'];

const policy = Policy.parse({ clusters: [{ name: 'demo', mode: 'repair', alarms: SAMPLE_ALARMS }] });
const found = [{ instanceId: 'i-0123456789abcdef0', membership: { kind: 'cluster', cluster: 'demo' } }] as const;
const patterns = new Map(
  SIGNALS.map((definition) => [
    definition.name,
    compilePattern(eventPatternOf(definition, { stackName: 'fleetmend', alarmNames: SAMPLE_ALARMS })),
  ]),
);

/** The answers of a signal's rule and of signal-intake to an event. */
export type Verdict = {
  /** Whether the rule matches the event. */
  readonly rule: boolean;
  /** Whether signal-intake stores a pending node for it, ignores it, or refuses it. */
  readonly intake: 'accepts' | 'ignores' | 'refuses';
  /** The lane of the pending node, the code of the ignored event, or the field that is wrong. */
  readonly by: string;
};

const readingOf = (event: unknown): Omit<Verdict, 'rule'> => {
  const reading = readSignal(event, signalSettings(policy));
  if (!reading.ok) return { intake: 'refuses', by: reading.field };
  const { signal } = reading;
  if (signal.kind === 'ignored') return { intake: 'ignores', by: signal.reason };
  const placement = placeSignal(policy, remediations, signal, found, signal.time);
  switch (placement.kind) {
    case 'pending':
      return { intake: 'accepts', by: placement.pending.lane };
    case 'ignored':
      return { intake: 'ignores', by: placement.metric };
    case 'unknown-reason':
      return { intake: 'refuses', by: 'detail.reason' };
    default:
      return placement satisfies never;
  }
};

/** The answers to an event of the rule of a signal and of signal-intake, in a cluster whose pause images may be repaired. */
export const verdictOf = (signal: string, event: unknown): Verdict => ({
  rule: patterns.get(signal)?.matches(event) ?? false,
  ...readingOf(event),
});
