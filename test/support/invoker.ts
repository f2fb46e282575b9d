import type { crasher } from './crash.ts';

/** Runs invocations one after another, each in a live process, until one is frozen; keeps what they failed with. */
export const invoker = (crash: ReturnType<typeof crasher>) => {
  const failures: unknown[] = [];
  const left: Promise<void>[] = [];
  let wasFrozen = false;
  return {
    failures,
    /** One invocation; false where it failed, and its input is redelivered. */
    invoke: async (work: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
      crash.restart();
      const controller = new AbortController();
      try {
        const done = work(controller.signal);
        // Lambda ends the invocation of a frozen copy; the copy goes on with an aborted signal when it is thawed.
        const isFrozen = await Promise.race([done.then(() => false), crash.frozen.then(() => true)]);
        if (isFrozen && !wasFrozen) {
          left.push(done.catch((thrown: unknown) => void failures.push(thrown)));
          controller.abort();
          wasFrozen = true;
          return false;
        }
        await done;
        return true;
      } catch (thrown) {
        failures.push(thrown);
        return false;
      }
    },
    /** Lets a frozen copy go on with what it remembers, to its end. */
    thaw: async (): Promise<void> => {
      crash.thaw();
      await Promise.all(left);
    },
  };
};
