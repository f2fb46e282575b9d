import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionName } from '../bundle.ts';

/** A query of CloudWatch Logs Insights over the logs of some functions. */
export type SavedQuery = {
  /** Behind the stack's name in the list of saved queries. */
  readonly name: string;
  readonly functions: readonly FunctionName[];
  /** The messages of the lines that it shows, whole; none for every message. */
  readonly messages: readonly string[];
  /** The fields that it shows, besides the time and the message. */
  readonly fields: readonly string[];
  readonly text: string;
};

type Given = Omit<SavedQuery, 'text'> & {
  /** A further condition. */
  readonly where?: string;
};

const define = ({ where, ...query }: Given): SavedQuery => {
  const { messages, fields } = query;
  const quoted = messages.map((message) => `"${message}"`).join(', ');
  const filters = [
    ...(messages.length === 0 ? [] : [`message in [${quoted}]`]),
    ...(where === undefined ? [] : [where]),
  ];
  const text = [
    `fields @timestamp, message, ${fields.join(', ')}`,
    ...filters.map((filter) => `filter ${filter}`),
    'sort @timestamp desc',
    'limit 200',
  ].join('\n| ');
  return { ...query, text };
};

/** Requests of people that were refused, and why. */
export const refusedRequests = define({
  name: 'refused requests',
  functions: ['operator-api'],
  messages: ['refusing request'],
  fields: ['refusal.field', 'refusal.message'],
});

/** Every saved query. Each is tested against lines that the functions have written in the lab. */
export const SAVED_QUERIES: readonly SavedQuery[] = [
  refusedRequests,
  define({
    name: 'requests of people',
    functions: ['operator-api'],
    messages: ['accepting request'],
    fields: ['request.action', 'request.cluster', 'request.requestedBy', 'runId'],
  }),
  define({
    name: 'what runs did',
    functions: ['run-controller'],
    messages: ['planning run', 'starting run', 'stopping run', 'ending run'],
    fields: ['cluster', 'remediation', 'action', 'runId', 'durationSeconds'],
  }),
  define({
    name: 'breakers and registry holds',
    functions: ['run-controller'],
    messages: [
      'opening circuit breaker',
      'closing circuit breaker',
      'holding nodes that need the registry',
      'releasing nodes that need the registry',
    ],
    fields: ['cluster', 'document', 'lane', 'openUntil', 'until'],
  }),
  define({
    name: 'notices to people',
    functions: ['notifier'],
    messages: ['sending notice'],
    fields: ['kind', 'severity', 'status', 'cluster', 'dedupKey'],
  }),
  define({
    name: 'errors and warnings',
    functions: [
      'log-classifier',
      'signal-intake',
      'operator-api',
      'command-tracker',
      'run-controller',
      'scheduler',
      'audit-query',
      'notifier',
    ],
    messages: [],
    fields: ['function', 'level', 'error.message', 'correlation_id'],
    where: 'level in ["WARN", "ERROR"]',
  }),
];

/** The saved queries of a stack. */
export class SavedQueries extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly namePrefix: string; readonly logGroups: Readonly<Record<string, logs.ILogGroup>> },
  ) {
    super(scope, id);
    for (const { name, functions, text } of SAVED_QUERIES) {
      new logs.CfnQueryDefinition(this, name.replaceAll(' ', '-'), {
        name: `${props.namePrefix}/${name}`,
        queryString: text,
        logGroupNames: functions.flatMap((of) => props.logGroups[of]?.logGroupName ?? []),
      });
    }
  }
}
