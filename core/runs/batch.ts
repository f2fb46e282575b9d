import type { CommandState } from '../state/command-state.ts';

/** A document that is deployed, as a command runs it. */
export type PartDocument = {
  readonly key: string;
  readonly name: string;
  readonly executionTimeoutSeconds: number;
};

/**
 * The documents that run for a key, in the order of their parts: the document of that key (`pause-image-repair`), or all
 * that bear the key and a number (`node-check-1`, `node-check-2`, …). None where the key is not deployed.
 */
export const documentsOf = (
  documents: Readonly<Record<string, { readonly name: string; readonly executionTimeoutSeconds: number }>>,
  key: string,
): readonly PartDocument[] => {
  const numbered = Object.entries(documents).flatMap(([name, document]) => {
    const number = name.startsWith(`${key}-`) ? name.slice(key.length + 1) : '';
    return /^[1-9][0-9]*$/.test(number) ? [{ number: Number(number), document: { key: name, ...document } }] : [];
  });
  const own = documents[key];
  if (numbered.length === 0) return own === undefined ? [] : [{ key, ...own }];
  return numbered.toSorted((a, b) => a.number - b.number).map(({ document }) => document);
};

/** The key of a batch's command. It is part of the command's Comment at SSM, and of stored keys. */
export const commandKey = (batch: string, part: number, parts: number): string =>
  parts === 1 ? batch : `${batch}.${part}`;

/** The batch that a command belongs to, by the command's key. */
export const batchOf = (key: string): string => key.replace(/\..*/s, '');

/** The keys of all commands of a command's batch. */
export const batchKeys = (command: { readonly key: string; readonly parts?: number | undefined }): string[] => {
  const parts = command.parts ?? 1;
  return Array.from({ length: parts }, (_, i) => commandKey(batchOf(command.key), i + 1, parts));
};

/** The commands of one batch, in the order of their parts. */
export type Batch = readonly [CommandState, ...CommandState[]];

/** The commands of a run by batch, in the order in which the batches were planned. */
export const batchesOf = (commands: readonly CommandState[]): readonly Batch[] => {
  const batches = new Map<string, [CommandState, ...CommandState[]]>();
  for (const command of commands) {
    const known = batches.get(batchOf(command.key));
    if (known === undefined) batches.set(batchOf(command.key), [command]);
    else known.push(command);
  }
  return [...batches.values()];
};
