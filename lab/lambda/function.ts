import { dirname } from 'node:path';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from '../aws/aws-error.ts';
import type { LabClock } from '../aws/clock.ts';
import type { Faults } from '../aws/faults.ts';
import { type Iam, LAB_SESSION_TOKEN, type Principal } from '../aws/iam.ts';
import type { LabEventListener } from '../aws/lab-event.ts';
import { type Random, randomUuid } from '../aws/random.ts';
import type { Environment, FunctionFailure, InvokeRequest, InvokeResult } from './environment.ts';
import { startEnvironment } from './environment.ts';

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
  readonly faults: Pick<Faults, 'throttledInvocationRate'>;
  readonly iam: Iam;
  readonly emit: LabEventListener;
  /** How many processes of one function may run at once: this machine's limit, below AWS's. */
  readonly maxEnvironments: number;
};

/** A deployed function. */
export type LabFunction = {
  readonly definition: FunctionDefinition;
  /** Runs the handler; waits for a free environment. Rejects with TooManyRequestsException over the reserved concurrency. */
  readonly invoke: (payload: string, requestId?: string, qualifier?: string) => Promise<InvokeResult>;
  /** How many invocations may run at once. */
  readonly capacity: number;
  readonly running: () => number;
  /** Changes code and configuration: invocations at work end with the old ones, new ones start with the new. */
  readonly update: (definition: FunctionDefinition) => void;
  /** Captured output lines, oldest first. */
  readonly logs: readonly string[];
  readonly kill: (environmentId: string) => boolean;
  /**
   * Stops an environment at work for this lab time, at least until its invocation has timed out; then its code runs on, and
   * nothing waits for its answer. Resolves when it runs on.
   */
  readonly freeze: (environmentId: string, freezeMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** On a fast clock a timeout is never cut below this of the wall's time: a slow machine must not fail a function. */
const MIN_TIMEOUT_WALL_MS = 5000;
const INIT_TIMEOUT_WALL_MS = 30_000;
const MAX_KEPT_LINES = 50_000;

/** An invocation that an environment works on. */
type InFlight = {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly answer: Promise<InvokeResult>;
  /** Ends the wait for the answer: the invocation will time out. */
  readonly freeze: () => void;
};

const timedOut = (seconds: number): FunctionFailure => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `Task timed out after ${seconds.toFixed(2)} seconds`,
});

/** Deploys a function: processes start when they are needed and stay warm. */
export const createFunction = (initial: FunctionDefinition, context: FunctionContext): LabFunction => {
  let definition = initial;
  const { clock, random, faults, iam, emit } = context;
  const capacity = (): number =>
    Math.min(definition.reservedConcurrency ?? Number.POSITIVE_INFINITY, context.maxEnvironments);
  const free: Environment[] = [];
  const all = new Map<string, { readonly environment: Environment; readonly accessKeyId: string }>();
  const inFlight = new Map<string, InFlight>();
  const frozen = new Set<string>();
  /** Environments with the code of an earlier deployment: they end with their invocation. */
  const outdated = new Set<string>();
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
        AWS_SESSION_TOKEN: LAB_SESSION_TOKEN,
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
    if (environment?.alive() === true && !stopped && !outdated.has(environment.id)) free.push(environment);
    else if (environment !== undefined) discard(environment);
    const next = waiting.shift();
    next?.();
  };

  /** Runs one invocation to its end or its timeout; a frozen environment is not waited for longer than the timeout. */
  type Work = Pick<InvokeRequest, 'payload' | 'requestId' | 'functionArn'>;
  const runIn = async (environment: Environment, work: Work): Promise<InvokeResult> => {
    const { requestId } = work;
    const state = clock.state();
    const timeoutMs = definition.timeoutSeconds * 1000;
    const deadlineMs = clock.now() + timeoutMs;
    let endHold = clock.hold();
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        environment.kill();
      },
      Math.min(timeoutMs, Math.max(MIN_TIMEOUT_WALL_MS, timeoutMs / state.speed)),
    );
    const answer = environment.invoke({
      ...work,
      deadlineMs,
      clock: state,
      traceId: `Root=1-00000000-${requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`,
    });
    const stop = new Promise<'frozen'>((resolve) => {
      inFlight.set(environment.id, { requestId, deadlineMs, answer, freeze: () => resolve('frozen') });
    });
    try {
      const result = await Promise.race([answer, stop]);
      clearTimeout(timer);
      if (result === 'frozen') {
        endHold();
        await clock.sleep(Math.max(0, deadlineMs - clock.now()));
        endHold = clock.hold();
      }
      return result === 'frozen' || isLate ? { kind: 'error', error: timedOut(definition.timeoutSeconds) } : result;
    } finally {
      inFlight.delete(environment.id);
      endHold();
    }
  };
  const freeze: LabFunction['freeze'] = async (environmentId, freezeMs) => {
    const held = all.get(environmentId)?.environment;
    const work = inFlight.get(environmentId);
    if (held === undefined || work === undefined) return;
    const { requestId, deadlineMs, answer } = work;
    const tell = (kind: 'function-frozen' | 'function-thawed'): void =>
      emit({ kind, at: clock.now(), functionName: definition.name, requestId });
    frozen.add(environmentId);
    held.freeze();
    work.freeze();
    tell('function-frozen');
    await clock.sleep(Math.max(freezeMs, deadlineMs - clock.now() + 1));
    if (stopped) return;
    tell('function-thawed');
    const endHold = clock.hold();
    held.thaw(clock.state());
    // The code has as much time as a new invocation; then Lambda is done with this environment.
    const timer = setTimeout(() => held.kill(), Math.max(MIN_TIMEOUT_WALL_MS, definition.timeoutSeconds * 1000));
    void answer.then(() => {
      clearTimeout(timer);
      discard(held);
      endHold();
    });
  };

  const invoke: LabFunction['invoke'] = async (payload, givenId, qualifier) => {
    const requestId = givenId ?? randomUuid(random);
    const functionArn = qualifier === undefined ? definition.arn : `${definition.arn}:${qualifier}`;
    const isFull = definition.reservedConcurrency !== undefined && running >= definition.reservedConcurrency;
    if (isFull || (faults.throttledInvocationRate > 0 && random() < faults.throttledInvocationRate)) {
      emit({ kind: 'function-throttled', at: clock.now(), functionName: definition.name, requestId });
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    }
    while (running >= capacity()) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    const got = await clock.during(acquire);
    const startedAt = performance.now();
    const about = { functionName: definition.name, requestId };
    const initMs = 'environment' in got ? got.initMs : undefined;
    if ('environment' in got) emit({ kind: 'function-start', at: clock.now(), ...about, cold: initMs !== undefined });
    const result: InvokeResult =
      'environment' in got
        ? await runIn(got.environment, { payload, requestId, functionArn })
        : { kind: 'error', error: got };
    const endHold = clock.hold();
    release('environment' in got && !frozen.has(got.environment.id) ? got.environment : undefined);
    emit({
      kind: 'function-end',
      at: clock.now(),
      ...about,
      wallMs: performance.now() - startedAt,
      ...defined({ initMs }),
      ...(result.kind === 'error' ? { error: `${result.error.errorType}: ${result.error.errorMessage}` } : {}),
    });
    endHold();
    return result;
  };

  return {
    get definition() {
      return definition;
    },
    update: (next) => {
      definition = next;
      for (const id of all.keys()) outdated.add(id);
      for (const environment of free.splice(0)) discard(environment);
    },
    invoke,
    get capacity() {
      return capacity();
    },
    running: () => running,
    logs,
    kill: (environmentId) => {
      const held = all.get(environmentId);
      held?.environment.kill();
      return held !== undefined;
    },
    freeze,
    stop: async () => {
      stopped = true;
      waiting = [];
      const environments = [...all.values()].map((held) => held.environment);
      for (const environment of environments) environment.kill();
      await Promise.all(environments.map((e) => e.exited));
    },
  };
};
