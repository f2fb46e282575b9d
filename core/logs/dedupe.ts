/** Remembers published symptoms for a time, so that a fault that kubelet logs again and again is one event a minute. */
export type Memory = {
  /** Whether the key was recorded within that time. */
  readonly has: (key: string, nowMs: number) => boolean;
  /** Records that the symptom was published now. Call it after the event is accepted. */
  readonly note: (key: string, nowMs: number) => void;
};

/** A memory of at most `maxEntries` keys. It forgets the oldest first: that costs one more event and never loses one. */
export const createMemory = ({
  forMs,
  maxEntries,
}: {
  readonly forMs: number;
  readonly maxEntries: number;
}): Memory => {
  const times = new Map<string, number>();
  return {
    has: (key, nowMs) => {
      const at = times.get(key);
      // A clock that was set back must not suppress the symptoms of a node.
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
