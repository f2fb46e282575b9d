import { type EventPattern, eventPatternOf, type SignalDefinition } from '../../core/signals/define-signal.ts';
import { SIGNALS } from '../../core/signals/read-signal.ts';
import type { Config } from '../config.ts';

/** The EventBridge rule of a signal in a deployment. */
export type SignalRule = Pick<SignalDefinition, 'name' | 'title' | 'bus'> & { readonly pattern: EventPattern };

/** Source: EventBridge quotas, event pattern size. */
export const MAX_EVENT_PATTERN_CHARACTERS = 4096;

/**
 * The rules of a deployment: one for each signal that its configuration does not turn off.
 *
 * @throws where the names of the configured alarms do not fit into one pattern
 */
export const signalRules = (config: Config, stackName: string): readonly SignalRule[] => {
  const alarmNames = config.clusters.flatMap(({ alarms }) => alarms);
  return SIGNALS.filter(({ configKey }) => configKey === undefined || config.signals[configKey]).map((definition) => {
    const { name, title, bus } = definition;
    const pattern = eventPatternOf(definition, { stackName, alarmNames });
    const size = JSON.stringify(pattern).length;
    if (size > MAX_EVENT_PATTERN_CHARACTERS) {
      throw new Error(
        `building the rule ${name}: its pattern has ${size} characters, over EventBridge's ${MAX_EVENT_PATTERN_CHARACTERS}; list fewer or shorter clusters[].alarms, or give them a common composite alarm`,
      );
    }
    return { name, title, bus, pattern };
  });
};
