/** Remembers for a while what was said, so that a kubelet's endless complaint is one event a minute. */
export type Memory = {
  /** Whether this was said within the last while. */
  readonly said: (key: string, nowMs: number) => boolean;
  /** Notes that it was said now; only after it really was. */
  readonly note: (key: string, nowMs: number) => void;
};

/** A memory of at most `maxEntries`, the oldest forgotten first; forgetting costs one more event, never one less. */
export const createMemory = ({
  forMs,
  maxEntries,
}: {
  readonly forMs: number;
  readonly maxEntries: number;
}): Memory => {
  const times = new Map<string, number>();
  return {
    said: (key, nowMs) => {
      const at = times.get(key);
      // A clock that was set back must not silence a node.
      return at !== undefined && nowMs >= at && nowMs - at < forMs;
    },
    note: (key, nowMs) => {
      times.delete(key);
      times.set(key, nowMs);
      const oldest = times.size > maxEntries ? times.keys().next() : undefined;
      if (oldest?.done === false) times.delete(oldest.value);
    },
  };
};
