import { dirname } from 'node:path';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from '../aws/aws-error.ts';
import type { LabClock } from '../aws/clock.ts';
import type { Iam, Principal } from '../aws/iam.ts';
import type { LabEventListener } from '../aws/lab-event.ts';
import { type Random, randomUuid } from '../aws/random.ts';
import { type Environment, type FunctionFailure, type InvokeResult, startEnvironment } from './environment.ts';

/** A function as the template describes it. */
export type FunctionDefinition = {
  readonly name: string;
  readonly arn: string;
  /** The asset's folder. */
  readonly directory: string;
  /** `index.handler`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** The execution role: its session calls AWS. */
  readonly role: Pick<Principal, 'arn' | 'principalArn' | 'policies'>;
  readonly reservedConcurrency?: number;
};

/** The dependencies of functions. */
export type FunctionContext = {
  readonly region: string;
  readonly endpointUrl: () => string;
  readonly clock: LabClock;
  readonly random: Random;
  readonly iam: Iam;
  readonly emit: LabEventListener;
  /** How many processes of one function may run at once: this machine's limit, below AWS's. */
  readonly maxEnvironments: number;
};

/** A deployed function. */
export type LabFunction = {
  readonly definition: FunctionDefinition;
  /** Runs the handler; waits for a free environment. Rejects with TooManyRequestsException over the reserved concurrency. */
  readonly invoke: (payload: string, requestId?: string) => Promise<InvokeResult>;
  /** How many invocations may run at once. */
  readonly capacity: number;
  readonly running: () => number;
  /** Captured output lines, oldest first. */
  readonly logs: readonly string[];
  readonly kill: (environmentId: string) => boolean;
  readonly stop: () => Promise<void>;
};

/** On a fast clock a timeout is never cut below this of the wall's time: a slow machine must not fail a function. */
const MIN_TIMEOUT_WALL_MS = 5000;
const INIT_TIMEOUT_WALL_MS = 30_000;
const MAX_KEPT_LINES = 50_000;

const timedOut = (seconds: number): FunctionFailure => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `Task timed out after ${seconds.toFixed(2)} seconds`,
});

/** Deploys a function: processes start when they are needed and stay warm. */
export const createFunction = (definition: FunctionDefinition, context: FunctionContext): LabFunction => {
  const { clock, random, iam, emit } = context;
  const capacity = Math.min(definition.reservedConcurrency ?? Number.POSITIVE_INFINITY, context.maxEnvironments);
  const free: Environment[] = [];
  const all = new Map<string, { readonly environment: Environment; readonly accessKeyId: string }>();
  const logs: string[] = [];
  let waiting: (() => void)[] = [];
  let running = 0;
  let created = 0;
  let stopped = false;

  const start = (): Environment => {
    created += 1;
    const id = `${definition.name}#${created}`;
    const credentials = iam.issue({
      kind: 'role',
      ...definition.role,
      functionName: definition.name,
      environmentId: id,
    });
    const environment = startEnvironment(
      id,
      {
        PATH: dirname(process.execPath),
        TZ: ':UTC',
        LANG: 'en_US.UTF-8',
        ...definition.environment,
        AWS_REGION: context.region,
        AWS_DEFAULT_REGION: context.region,
        AWS_ENDPOINT_URL: context.endpointUrl(),
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: 'lab-session-token',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_FUNCTION_NAME: definition.name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: `lab/[$LATEST]${created}`,
        LAMBDA_TASK_ROOT: definition.directory,
        _HANDLER: definition.handler,
        LAB_CLOCK: JSON.stringify(clock.state()),
      },
      (line) => {
        logs.push(line);
        if (logs.length > MAX_KEPT_LINES) logs.splice(0, MAX_KEPT_LINES / 10);
        emit({ kind: 'function-log', at: clock.now(), functionName: definition.name, line });
      },
    );
    all.set(id, { environment, accessKeyId: credentials.accessKeyId });
    return environment;
  };
  const discard = (environment: Environment): void => {
    environment.kill();
    const held = all.get(environment.id);
    // A killed process may have a call in flight: its key stays valid until the process has ended.
    if (held !== undefined) void environment.exited.then(() => iam.revoke(held.accessKeyId));
    all.delete(environment.id);
  };
  const acquire = async (): Promise<
    { readonly environment: Environment; readonly initMs: number | undefined } | FunctionFailure
  > => {
    while (running >= capacity) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    for (let warm = free.pop(); warm !== undefined; warm = free.pop()) {
      if (warm.alive()) return { environment: warm, initMs: undefined };
      discard(warm);
    }
    const environment = start();
    const timer = setTimeout(() => environment.kill(), INIT_TIMEOUT_WALL_MS);
    const ready = await environment.ready;
    clearTimeout(timer);
    if ('initMs' in ready) return { environment, initMs: ready.initMs };
    discard(environment);
    return ready;
  };
  const release = (environment: Environment | undefined): void => {
    running -= 1;
    if (environment?.alive() === true && !stopped) free.push(environment);
    else if (environment !== undefined) discard(environment);
    const next = waiting.shift();
    next?.();
  };

  const invoke: LabFunction['invoke'] = (payload, givenId) =>
    clock.during(async () => {
      if (definition.reservedConcurrency !== undefined && running >= definition.reservedConcurrency) {
        throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
      }
      const requestId = givenId ?? randomUuid(random);
      const got = await acquire();
      if (!('environment' in got)) {
        release(undefined);
        emit({
          kind: 'function-end',
          at: clock.now(),
          functionName: definition.name,
          requestId,
          error: got.errorMessage,
          wallMs: 0,
        });
        return { kind: 'error', error: got };
      }
      const { environment, initMs } = got;
      emit({
        kind: 'function-start',
        at: clock.now(),
        functionName: definition.name,
        requestId,
        cold: initMs !== undefined,
      });
      const startedAt = performance.now();
      const state = clock.state();
      const timeoutMs = definition.timeoutSeconds * 1000;
      const wallMs = Math.min(timeoutMs, Math.max(MIN_TIMEOUT_WALL_MS, timeoutMs / state.speed));
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        environment.kill();
      }, wallMs);
      const answer = await environment.invoke({
        requestId,
        functionArn: definition.arn,
        payload,
        deadlineMs: clock.now() + timeoutMs,
        clock: state,
        traceId: `Root=1-00000000-${requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`,
      });
      clearTimeout(timer);
      const result: InvokeResult = late ? { kind: 'error', error: timedOut(definition.timeoutSeconds) } : answer;
      release(environment);
      emit({
        kind: 'function-end',
        at: clock.now(),
        functionName: definition.name,
        requestId,
        wallMs: performance.now() - startedAt,
        ...defined({ initMs }),
        ...(result.kind === 'error' ? { error: `${result.error.errorType}: ${result.error.errorMessage}` } : {}),
      });
      return result;
    });

  return {
    definition,
    invoke,
    capacity,
    running: () => running,
    logs,
    kill: (environmentId) => {
      const held = all.get(environmentId);
      held?.environment.kill();
      return held !== undefined;
    },
    stop: async () => {
      stopped = true;
      waiting = [];
      const environments = [...all.values()].map((held) => held.environment);
      for (const environment of environments) environment.kill();
      await Promise.all(environments.map((e) => e.exited));
    },
  };
};
