/** A run's id: its time for people and for sorting, and 40 random bits of a UUID against collisions. */
export const newRunId = (now: Date, uuid: string): string =>
  `r-${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}-${uuid.replace(/-/g, '').slice(0, 10)}`;
