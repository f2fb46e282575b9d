import { spawn } from 'node:child_process';
import { defined } from '../../core/model/defined.ts';

/** A program to start. */
export type Asked = {
  readonly id: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly detached: boolean;
  readonly input?: string | Uint8Array;
};

/** News of it: its process, its output, its end. */
export type Told =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly kind: 'exited' }
  | { readonly kind: 'closed'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'failed'; readonly message: string };

/** Starts a program and reports its process, its output and its end. */
export const startHere = (
  { program, args, env, cwd, detached, input }: Omit<Asked, 'id'>,
  tell: (told: Told) => void,
): void => {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const child = spawn(program, args, { stdio: [stdin, 'pipe', 'pipe'], detached, ...defined({ env, cwd }) });
  if (child.pid !== undefined) tell({ kind: 'started', pid: child.pid });
  child.stdout?.on('data', (chunk: Buffer) => tell({ kind: 'output', stream: 'stdout', chunk }));
  child.stderr?.on('data', (chunk: Buffer) => tell({ kind: 'output', stream: 'stderr', chunk }));
  // A program may end without having read its input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  child.on('error', (cause) => tell({ kind: 'failed', message: cause.message }));
  child.on('exit', () => tell({ kind: 'exited' }));
  child.on('close', (code, signal) => tell({ kind: 'closed', code, signal }));
};
