import type { ConnectAws } from './aws/ask-aws.ts';
import type { Connect } from './aws/connection.ts';

/** A stream of the terminal or of a pipe. */
export type Screen = {
  /** Resolves once the stream takes more. */
  readonly write: (text: string) => Promise<void>;
  readonly isTerminal: boolean;
  /** The width of the terminal; 80 where there is none. */
  readonly columns: number;
};

/** Lines that replace one another on a terminal. */
export type Live = { readonly show: (text: string) => void; readonly clear: () => void; readonly done: () => void };

/** Everything outside of the process. */
export type Io = {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly live: () => Live;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly userName: string;
  /** The text of a file; undefined where there is none. Throws where it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /** Asks a person; undefined where there is no terminal or the input has ended. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly now: () => Date;
  /** Waits; ends early where the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborted by the first Ctrl-C while it is used; a second one ends the process. */
  readonly onInterrupt: () => { readonly signal: AbortSignal; readonly off: () => void };
  readonly newId: () => string;
  /** Sends a JSON document to an address of the lab, and answers with its JSON answer. */
  readonly post: (address: string, body: object) => Promise<unknown>;
  readonly connect: Connect;
  readonly askAws: ConnectAws;
};
