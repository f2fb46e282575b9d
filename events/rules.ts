import { STATE_NOTICES } from '../core/api/state-notices.ts';
import type { EventPattern } from '../core/signals/define-signal.ts';
import { COMMAND_STATUS_CHANGE, documentFamily } from './ssm-command.ts';

/** The source of fleetmend's own notices. */
export const NOTICE_SOURCE = 'fleetmend';
/** The detail-type of a notice by which a person tests the way of the notices. */
export const TEST_NOTICE = 'Test Notice';
/** The detail-types of the notices that scheduler sends: each is stored with what it is about. */
export const NOTICES_OF_STATE: readonly string[] = Object.values(STATE_NOTICES);

/** The values that the pattern of an internal rule depends on. */
type InternalRuleSettings = { readonly documentNames: readonly string[] };

/** A rule whose events are not signals: they drive the pipeline or leave it. */
export type InternalRule = {
  /** In kebab case. Names the EventBridge rule and the folder `events/samples/rules/<name>`. */
  readonly name: string;
  /** A plain sentence: the rule's description. */
  readonly title: string;
  readonly bus: 'default' | 'fleetmend';
  readonly pattern: (settings: InternalRuleSettings) => EventPattern;
};

/**
 * Statuses in which SSM's command-level event reports the end of a command. Source: SSM user guide, Run Command events.
 * The API writes `TimedOut` and the console `Timed Out`; events have been seen with either, so each spelling is here.
 */
const ENDED = ['Success', 'Failed', 'TimedOut', 'Timed Out', 'Cancelled', 'Canceled'];

/**
 * Ends of commands that ran a document of the stack, in any version, so that commands of the previous deployment match
 * too. The prefixes name each document, because another stack's name may begin with this stack's.
 */
export const commandEnds: InternalRule = {
  name: 'command-ends',
  title: 'A command that ran a fleetmend document ended.',
  bus: 'default',
  pattern: ({ documentNames }) => {
    const families = [...new Set(documentNames.map(documentFamily))];
    return {
      source: ['aws.ssm'],
      'detail-type': [COMMAND_STATUS_CHANGE],
      detail: { 'document-name': families.map((prefix) => ({ prefix })), status: ENDED },
    };
  },
};

/** fleetmend's own notices, of which notifier informs people. */
export const notices: InternalRule = {
  name: 'notices',
  title: 'fleetmend sends a notice.',
  bus: 'fleetmend',
  pattern: () => ({ source: [NOTICE_SOURCE] }),
};

/** Every internal rule with an event pattern. */
export const INTERNAL_RULES: readonly InternalRule[] = [commandEnds, notices];
