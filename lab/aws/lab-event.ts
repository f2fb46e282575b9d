/** One call that was made to a service of the lab. */
export type CallRecord = {
  /** Lab time, epoch milliseconds. */
  readonly at: number;
  /** ARN of the caller, or `unknown`. */
  readonly principal: string;
  /** The function that called, where it was one. */
  readonly functionName?: string;
  readonly service: string;
  readonly operation: string;
  /** The first resource that the call needed access to. */
  readonly resource: string;
  readonly allowed: boolean;
  /** The error code that it was answered with. */
  readonly error?: string;
  /** Wall milliseconds from the request's end to the answer. */
  readonly latencyMs: number;
  /**
   * How many items, ids or entries the call carried, where it carries a list. Of a write to a table: how often the item is
   * written, to the table and to its indexes.
   */
  readonly items?: number;
  /** The kinds of rows that a call of a table names. */
  readonly about?: string;
  /** Length of the request's body. */
  readonly bytes: number;
};

/** An event of the lab, emitted when it happens. */
export type LabEvent =
  | { readonly kind: 'call'; readonly at: number; readonly call: CallRecord }
  | {
      readonly kind: 'log-line';
      readonly at: number;
      readonly group: string;
      readonly stream: string;
      readonly message: string;
    }
  | {
      readonly kind: 'event';
      readonly at: number;
      readonly bus: string;
      readonly source: string;
      readonly detailType: string;
      readonly detail: unknown;
      readonly rules: readonly string[];
    }
  | { readonly kind: 'event-lost'; readonly at: number; readonly source: string; readonly detailType: string }
  | {
      readonly kind: 'delivery-failed';
      readonly at: number;
      readonly rule: string;
      readonly target: string;
      readonly why: string;
      readonly deadLettered: boolean;
    }
  | {
      readonly kind: 'dead-letter';
      readonly at: number;
      readonly queue: string;
      readonly from: string;
      readonly messageId: string;
    }
  | {
      readonly kind: 'function-start';
      readonly at: number;
      readonly functionName: string;
      readonly requestId: string;
      readonly cold: boolean;
    }
  | {
      readonly kind: 'function-end';
      readonly at: number;
      readonly functionName: string;
      readonly requestId: string;
      readonly error?: string;
      readonly wallMs: number;
      readonly initMs?: number;
    }
  | {
      readonly kind: 'function-frozen' | 'function-thawed' | 'function-throttled';
      readonly at: number;
      readonly functionName: string;
      readonly requestId: string;
    }
  | { readonly kind: 'function-log'; readonly at: number; readonly functionName: string; readonly line: string }
  | {
      readonly kind: 'command-sent';
      readonly at: number;
      readonly commandId: string;
      readonly documentName: string;
      readonly instanceIds: readonly string[];
      readonly comment: string;
    }
  | { readonly kind: 'command-end'; readonly at: number; readonly commandId: string; readonly statusDetails: string }
  | { readonly kind: 'node-start'; readonly at: number; readonly commandId: string; readonly instanceId: string }
  | {
      readonly kind: 'node-end';
      readonly at: number;
      readonly commandId: string;
      readonly instanceId: string;
      readonly statusDetails: string;
      readonly stdout: string;
    }
  | {
      readonly kind: 'notification';
      readonly at: number;
      readonly topic: string;
      readonly subject?: string;
      readonly message: string;
    };

/** Receives every {@link LabEvent}; must not throw. */
export type LabEventListener = (event: LabEvent) => void;

/** Sends each event to all listeners. */
export type LabEventBus = { readonly emit: LabEventListener; readonly on: (listener: LabEventListener) => () => void };

/** Creates a {@link LabEventBus}. */
export const createLabEvents = (): LabEventBus => {
  const listeners = new Set<LabEventListener>();
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
