/** The way in which a call fails. */
export type CrashMode =
  /** The process dies before the call. */
  | 'dies-before'
  /** The call succeeds, and the process dies before it gets the answer. */
  | 'dies-after'
  /** The call is refused, once; the process lives on. */
  | 'fails'
  /** The process is frozen before the call, and goes on with it when it is thawed; others work meanwhile. */
  | 'freezes';

class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** A port: functions that answer with a promise, and values. */
type Port = Readonly<Record<string, unknown>>;

/** Counts the calls of a process, and stops it at the n-th one; a stopped process calls nothing until it is started again. */
export const crasher = (at: number, mode: CrashMode) => {
  const state = { calls: 0, isDead: false, diedAt: '' };
  const frozen = Promise.withResolvers<void>();
  const thawed = Promise.withResolvers<void>();
  const guard = async (name: string, call: () => Promise<unknown>): Promise<unknown> => {
    if (state.isDead) throw new CrashError('the process is dead');
    const isTheOne = ++state.calls === at;
    if (!isTheOne) return await call();
    state.diedAt = name;
    if (mode === 'freezes') {
      frozen.resolve();
      await thawed.promise;
      return await call();
    }
    if (mode === 'fails') throw new CrashError('the call failed');
    if (mode === 'dies-after') await call();
    state.isDead = true;
    throw new CrashError('the process died');
  };
  return {
    state,
    /** Resolves when the process is frozen. */
    frozen: frozen.promise,
    thaw: (): void => thawed.resolve(),
    restart: (): void => {
      state.isDead = false;
    },
    /** The same port, with each call counted. */
    wrap: <P extends Port>(port: P): P =>
      Object.fromEntries(
        Object.entries(port).map(([name, member]) => [
          name,
          typeof member === 'function'
            ? (...args: unknown[]) => guard(name, async () => await member(...args))
            : member,
        ]),
      ) as P,
  };
};
