import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClockState } from '../aws/clock.ts';

/** The result of an invocation. */
export type InvokeResult =
  | { readonly kind: 'ok'; readonly payload: string }
  | { readonly kind: 'error'; readonly error: FunctionFailure };

/** Lambda's error payload. */
export type FunctionFailure = {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
};

/** One process that holds a loaded bundle and runs one invocation at a time. */
export type Environment = {
  readonly id: string;
  /** Resolves with the wall milliseconds of the init phase, or with its error. */
  readonly ready: Promise<{ readonly initMs: number } | FunctionFailure>;
  readonly invoke: (request: InvokeRequest) => Promise<InvokeResult>;
  readonly alive: () => boolean;
  /** Stops the process as Lambda stops a sandbox between invocations: at any point of its code. */
  readonly freeze: () => void;
  /** Lets a frozen process run on, at this time. */
  readonly thaw: (clock: ClockState) => void;
  readonly kill: () => void;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
};

/** One invocation as the process gets it. */
export type InvokeRequest = {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: string;
  /** Lab time. */
  readonly deadlineMs: number;
  readonly clock: ClockState;
  readonly traceId: string;
};

type FromRunner =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-error'; readonly error: FunctionFailure }
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'error'; readonly requestId: string; readonly error: FunctionFailure };

const PRELOAD = new URL('./lab-clock.mjs', import.meta.url).href;
const RUNNER = fileURLToPath(new URL('./runner.mjs', import.meta.url));
const EXITED: FunctionFailure = {
  errorType: 'Runtime.ExitError',
  errorMessage: 'Runtime exited with error: signal: killed',
};

/** Starts an execution environment with exactly this process environment. */
export const startEnvironment = (
  id: string,
  variables: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Environment => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', PRELOAD, RUNNER], {
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json',
  });
  let pending: { readonly requestId: string; readonly resolve: (result: InvokeResult) => void } | undefined;
  let alive = true;
  let settleReady: (value: { readonly initMs: number } | FunctionFailure) => void = () => undefined;
  const ready = new Promise<{ readonly initMs: number } | FunctionFailure>((resolve) => {
    settleReady = resolve;
  });
  const finish = (result: InvokeResult): void => {
    const waiting = pending;
    pending = undefined;
    waiting?.resolve(result);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
  child.on('message', (raw) => {
    const message = raw as FromRunner;
    if (message.kind === 'ready') settleReady({ initMs: performance.now() - startedAt });
    else if (message.kind === 'init-error') settleReady(message.error);
    else if (message.requestId !== pending?.requestId) return;
    else
      finish(
        message.kind === 'result' ? { kind: 'ok', payload: message.payload } : { kind: 'error', error: message.error },
      );
  });
  const exited = new Promise<void>((resolve) => {
    const gone = (): void => {
      alive = false;
      settleReady(EXITED);
      finish({ kind: 'error', error: EXITED });
      resolve();
    };
    child.once('exit', gone);
    child.once('error', gone);
  });
  return {
    id,
    ready,
    invoke: (request) =>
      new Promise((resolve) => {
        if (!alive) {
          resolve({ kind: 'error', error: EXITED });
          return;
        }
        pending = { requestId: request.requestId, resolve };
        child.send({ kind: 'invoke', ...request }, (error) => {
          if (error !== null) finish({ kind: 'error', error: EXITED });
        });
      }),
    freeze: () => {
      child.kill('SIGSTOP');
    },
    thaw: (clock) => {
      if (!alive) return;
      child.send({ kind: 'clock', clock });
      child.kill('SIGCONT');
    },
    alive: () => alive,
    kill: () => {
      alive = false;
      child.kill('SIGKILL');
    },
    exited,
  };
};
