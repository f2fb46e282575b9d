const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a cleanup when a signal ends this process, then raises the signal again. Returns a function that undoes this. The
 * function processes also end when their parent has ended; this is for a process that is busy at that moment.
 */
export const killOnSignals = (cleanup: () => void): (() => void) => {
  const handlers = SIGNALS.map((signal) => {
    const handler = (): void => {
      cleanup();
      process.off(signal, handler);
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  process.on('exit', cleanup);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
    process.off('exit', cleanup);
  };
};
