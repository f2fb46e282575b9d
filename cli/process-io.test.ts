import { expect, it } from 'vitest';
import { processIo } from './process-io.ts';

it('keeps its listener of Ctrl-C until the watching has ended, so that no other one ends the process first', () => {
  const before = process.listenerCount('SIGINT');
  const { signal, off } = processIo().onInterrupt();
  const listener = process.rawListeners('SIGINT').at(-1);
  listener?.('SIGINT');
  expect(signal.aborted).toBe(true);
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  off();
  expect(process.listenerCount('SIGINT')).toBe(before);
});
