/** How the lab's time follows the wall's; sent to function processes so that their `Date` agrees. */
export type ClockState = { readonly labMs: number; readonly wallMs: number; readonly speed: number };

/** Cancels a timer; does nothing if it has fired. */
export type CancelTimer = () => void;

/** Options of one timer. */
export type TimerOptions = {
  /** A timer that recurs for ever (schedules): the clock never skips to it, and idle does not wait for it. */
  readonly background?: boolean;
};

/** The lab's clock: epoch milliseconds, timers, and skipping over time in which nothing happens. */
export type LabClock = {
  readonly now: () => number;
  readonly at: (labMs: number, run: () => void, options?: TimerOptions) => CancelTimer;
  readonly after: (delayMs: number, run: () => void, options?: TimerOptions) => CancelTimer;
  readonly sleep: (delayMs: number) => Promise<void>;
  /** Marks the start of work: while a hold is open, the clock does not skip. Call the result at the end of the work. */
  readonly hold: () => () => void;
  /** Runs work under a hold. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
  readonly state: () => ClockState;
  /** Skips idle time until the lab's time is at least this. */
  readonly skipTo: (labMs: number) => Promise<void>;
  /** Resolves when no work and no foreground timer is left. */
  readonly idle: () => Promise<void>;
  /** Like idle, but skips idle time, up to the limits; false where something is still due then. */
  readonly settle: (limits?: SettleLimits) => Promise<boolean>;
  /** The number of foreground timers, and when the first is due; undefined where there is none. */
  readonly due: () => { readonly timers: number; readonly nextAt: number | undefined };
  readonly stop: () => void;
};

/** How far a lab is let run until nothing is due. */
export type SettleLimits = {
  /** Lab milliseconds: 48 hours by default, twice as long as anything of fleetmend waits. */
  readonly labMs?: number;
  /** Wall milliseconds: 10 minutes by default. */
  readonly wallMs?: number;
};

/** Options of {@link createClock}. */
export type ClockOptions = {
  /** Epoch milliseconds at which the lab starts; the wall's time by default. */
  readonly startMs?: number;
  /** Lab seconds per wall second. */
  readonly speed?: number;
  /** Whether to jump to the next foreground timer when no work is open. */
  readonly skipIdle?: boolean;
};

type Timer = {
  readonly dueMs: number;
  readonly order: number;
  readonly background: boolean;
  run: (() => void) | undefined;
};

const before = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** A binary heap: ten thousand nodes' timers cost one wall timer. */
const createHeap = () => {
  const heap: Timer[] = [];
  const get = (i: number): Timer => heap[i] as Timer;
  const swap = (i: number, j: number): void => {
    const held = get(i);
    heap[i] = get(j);
    heap[j] = held;
  };
  return {
    peek: (): Timer | undefined => heap[0],
    all: (): readonly Timer[] => heap,
    push: (timer: Timer): void => {
      heap.push(timer);
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(get(i), get(parent))) break;
        swap(i, parent);
        i = parent;
      }
    },
    pop: (): void => {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        const right = left + 1;
        let least = i;
        if (left < heap.length && before(get(left), get(least))) least = left;
        if (right < heap.length && before(get(right), get(least))) least = right;
        if (least === i) break;
        swap(i, least);
        i = least;
      }
    },
  };
};

const SETTLE_LAB_MS = 48 * 3_600_000;
const SETTLE_WALL_MS = 10 * 60_000;
/** setTimeout's limit: a longer wait is set again. */
const MAX_WALL_TIMER_MS = 2_147_483_647;

/** Creates the lab's clock. */
export const createClock = (options: ClockOptions = {}): LabClock => {
  const speed = options.speed ?? 1;
  let base: ClockState = { labMs: options.startMs ?? Date.now(), wallMs: Date.now(), speed };
  const heap = createHeap();
  let order = 0;
  let holds = 0;
  let foreground = 0;
  let wallTimer: NodeJS.Timeout | undefined;
  let checking = false;
  let stopped = false;
  let targets: { readonly labMs: number; readonly reached: () => void }[] = [];
  let idlers: (() => void)[] = [];
  let settlers = 0;

  const now = (): number => Math.floor(base.labMs + (Date.now() - base.wallMs) * speed);
  const head = (): Timer | undefined => {
    for (let timer = heap.peek(); timer !== undefined; timer = heap.peek()) {
      if (timer.run !== undefined) return timer;
      heap.pop();
    }
    return undefined;
  };
  const jumpTo = (labMs: number): void => {
    if (labMs > now()) base = { labMs, wallMs: Date.now(), speed };
  };
  const arm = (): void => {
    clearTimeout(wallTimer);
    const next = head();
    if (stopped || next === undefined) return;
    const wallMs = Math.ceil((next.dueMs - now()) / speed);
    wallTimer = setTimeout(fire, Math.min(Math.max(wallMs, 0), MAX_WALL_TIMER_MS));
  };
  const settleTargets = (): void => {
    const reached = targets.filter((t) => t.labMs <= now());
    if (reached.length === 0) return;
    targets = targets.filter((t) => t.labMs > now());
    for (const target of reached) target.reached();
  };
  function fire(): void {
    for (let timer = head(); timer !== undefined && timer.dueMs <= now() && !stopped; timer = head()) {
      heap.pop();
      const run = timer.run;
      timer.run = undefined;
      if (!timer.background) foreground -= 1;
      run?.();
    }
    settleTargets();
    arm();
    check();
  }
  const skipsForeground = (): boolean => foreground > 0 && (options.skipIdle === true || settlers > 0);
  const settle = (): void => {
    checking = false;
    if (stopped || holds > 0) return;
    if (foreground === 0) {
      const waiting = idlers;
      idlers = [];
      for (const resolve of waiting) resolve();
    }
    const target = targets.reduce<number | undefined>((least, t) => Math.min(least ?? t.labMs, t.labMs), undefined);
    const next = head();
    if (target !== undefined && (next === undefined || next.dueMs > target)) {
      jumpTo(target);
      fire();
    } else if (next !== undefined && (target !== undefined || skipsForeground())) {
      jumpTo(next.dueMs);
      fire();
    }
  };
  // Two turns of the event loop: code that a released hold resumes must be able to take its own hold.
  function check(): void {
    if (checking || stopped || holds > 0) return;
    checking = true;
    setImmediate(() => setImmediate(settle));
  }
  const at: LabClock['at'] = (labMs, run, timerOptions) => {
    const timer: Timer = { dueMs: labMs, order: order++, background: timerOptions?.background === true, run };
    if (!timer.background) foreground += 1;
    heap.push(timer);
    if (head() === timer) arm();
    check();
    return () => {
      if (timer.run === undefined) return;
      timer.run = undefined;
      if (!timer.background) foreground -= 1;
      check();
    };
  };
  const hold: LabClock['hold'] = () => {
    holds += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      holds -= 1;
      check();
    };
  };
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      idlers.push(resolve);
      check();
    });
  return {
    now,
    at,
    after: (delayMs, run, timerOptions) => at(now() + delayMs, run, timerOptions),
    sleep: (delayMs) => new Promise((resolve) => at(now() + delayMs, resolve)),
    hold,
    during: async (work) => {
      const release = hold();
      try {
        return await work();
      } finally {
        release();
      }
    },
    state: () => base,
    skipTo: (labMs) =>
      new Promise((reached) => {
        targets.push({ labMs, reached });
        settleTargets();
        check();
      }),
    idle,
    settle: async ({ labMs = SETTLE_LAB_MS, wallMs = SETTLE_WALL_MS } = {}) => {
      settlers += 1;
      let giveUp: () => void = () => undefined;
      const limit = new Promise<boolean>((resolve) => {
        giveUp = () => resolve(false);
      });
      const wall = setTimeout(giveUp, wallMs);
      const cancel = at(now() + labMs, giveUp, { background: true });
      try {
        return await Promise.race([idle().then(() => true), limit]);
      } finally {
        settlers -= 1;
        clearTimeout(wall);
        cancel();
      }
    },
    due: () => {
      const timers = heap.all().filter((timer) => timer.run !== undefined && !timer.background);
      return {
        timers: timers.length,
        nextAt: timers.reduce<number | undefined>((n, t) => Math.min(n ?? t.dueMs, t.dueMs), undefined),
      };
    },
    stop: () => {
      stopped = true;
      clearTimeout(wallTimer);
    },
  };
};
