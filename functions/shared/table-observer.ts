import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { defined } from '../../core/model/defined.ts';
import type { Texts } from '../../core/model/render-message.ts';
import type { NoteRules } from '../../core/runs/row-notes.ts';
import { createInstances, type Instances } from '../adapters/ec2/instances.ts';
import { type CommandReader, createCommandReader } from '../adapters/ssm/run-command.ts';
import { createPace, EC2_COUNTER } from '../adapters/table/pace.ts';
import { createResultStore, type ResultStore } from '../adapters/table/result-store.ts';
import { createRunStore, type RunStore } from '../adapters/table/run-store.ts';
import type { TableOptions } from '../adapters/table/table.ts';
import type { WritePace } from '../adapters/table/write-pace.ts';
import type { Log } from '../runtime/logger.ts';
import { type CommandObserver, createCommandObserver } from './command-observer.ts';

/** A command observer and the stores that it works on. */
export type TableObserver = {
  readonly observer: CommandObserver;
  readonly runs: RunStore;
  readonly results: ResultStore;
  readonly reader: CommandReader;
  readonly instances: Instances;
};

/** Builds an observer over SSM and the audit table; command-tracker and scheduler have the same one. */
export const createTableObserver = ({
  ssm,
  ec2,
  rules,
  texts,
  log,
  now,
  pace,
  ...table
}: TableOptions & {
  readonly pace?: WritePace;
  readonly ssm: SSMClient;
  readonly ec2: EC2Client;
  readonly rules: NoteRules;
  readonly texts: Texts;
  readonly log: Log;
  readonly now: () => Date;
}): TableObserver => {
  const { limits } = rules.policy;
  const runs = createRunStore({ ...table, retentionDays: limits.retentionDays });
  const results = createResultStore({ ...table, limits, ...defined({ pace }) });
  const reader = createCommandReader({ client: ssm });
  const instances = createInstances({
    ec2,
    pace: createPace({ ...table, counter: EC2_COUNTER, maxPerSecond: limits.maxEc2CallsPerSecond, now }),
  });
  const observer = createCommandObserver({
    reader,
    instances,
    runs,
    results,
    limits,
    texts,
    rules,
    log,
    now,
  });
  return { observer, runs, results, reader, instances };
};
