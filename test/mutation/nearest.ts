/** The files that import `target`, in any number of steps, and itself. `importers` are those of each file. */
export const reaching = (importers: ReadonlyMap<string, ReadonlySet<string>>, target: string): ReadonlySet<string> => {
  const found = new Set([target]);
  // A set that grows while it is walked is walked to its end.
  for (const file of found) for (const importer of importers.get(file) ?? []) found.add(importer);
  return found;
};

const words = (file: string): readonly string[] => file.split(/[/.]/);

/** The files by how many words of their paths they have in common with `mutated`, the most first. */
export const nearestFirst = (files: readonly string[], mutated: string): readonly string[] => {
  const own = new Set(words(mutated));
  const nearness = (file: string): number => words(file).filter((word) => own.has(word)).length;
  return files.toSorted((a, b) => nearness(b) - nearness(a));
};
