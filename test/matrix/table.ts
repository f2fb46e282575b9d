import { GENERATION_NAMES } from '../../lab/real/generations.ts';
import { table } from '../../ssm-documents/builder/remediations-page.ts';
import type { CellResult } from './cell.ts';
import type { Fault } from './fault.ts';
import type { Part } from './parts.ts';
import type { MatrixRun } from './run-matrix.ts';

/** When the parts were run, where they were not run at once. */
const datesOf = (parts: readonly Part[]): readonly string[] => {
  const days = parts.map(({ at }) => at.slice(0, 10)).toSorted();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  return ['', `This page is from runs of parts on ${first === last ? first : `${first} to ${last}`}.`];
};

/** The documents on which the last runs of these faults were, where they were not run at once. */
const hashesIn = (faults: readonly Fault[], parts: readonly Part[]): readonly string[] => {
  const last = new Map<string, string>();
  for (const part of parts)
    if (part.kind === 'cell' && faults.some(({ name }) => name === part.fault))
      last.set(`${part.generation} ${part.fault}`, part.hashes);
  return [...new Set(last.values())].map((hashes) => {
    const count = [...last.values()].filter((other) => other === hashes).length;
    return `Cells run on the documents whose names end in ${hashes.replaceAll(/[0-9a-f]{8,}/g, '`$&`')}: ${count}.`;
  });
};

/** The matrix as a page in Markdown, and how many of its parts failed. Waits for all of them. */
export const renderMatrix = async (
  faults: readonly Fault[],
  run: MatrixRun,
  parts: readonly Part[] = [],
): Promise<{ readonly text: string; readonly failed: number }> => {
  let failed = 0;
  const told = async <Result>(promise: Promise<Result>, words: (result: Result) => string): Promise<string> =>
    await promise.then(words, () => {
      failed += 1;
      return '**failed**';
    });
  const rows: string[] = [];
  for (const remediation of new Set(faults.map((fault) => fault.remediation))) {
    const lines: string[][] = [];
    const own = faults.filter((f) => f.remediation === remediation);
    for (const fault of own) {
      const cells = new Map([...run.cells].filter(([cell]) => cell.fault === fault).map(([c, p]) => [c.generation, p]));
      const reasons = await Promise.allSettled(cells.values());
      const reason = new Set(reasons.flatMap((r) => (r.status === 'fulfilled' ? [`\`${r.value.reason}\``] : [])));
      const columns = await Promise.all(
        GENERATION_NAMES.map(async (name) => {
          const promise = cells.get(name);
          if (promise !== undefined) {
            return await told(promise, wordsOf);
          }
          return fault.generations.includes(name) ? 'not run' : 'not applicable';
        }),
      );
      lines.push([fault.name.replaceAll('*', '\\*'), [...reason].join(', '), ...columns]);
    }
    const about = hashesIn(own, parts);
    rows.push(
      '',
      `## ${remediation}`,
      '',
      ...(about.length > 0 ? [...about, ''] : []),
      table(['fault', 'reason', ...GENERATION_NAMES], lines),
    );
  }
  const healthy = await Promise.all(
    [...run.healthy]
      .toSorted(([a], [b]) => GENERATION_NAMES.indexOf(a) - GENERATION_NAMES.indexOf(b))
      .map(async ([name, promise]) =>
        promise.then(
          ({ versions, processorMs: { least, median }, hundredForksMs }) => [
            name,
            versions,
            ...[least, median, hundredForksMs].map(ms),
          ],
          () => {
            failed += 1;
            return [name, '**failed**', '', '', ''];
          },
        ),
      ),
  );
  const text = [
    '# The matrix',
    '',
    'Every fault on every generation of node on which it can occur, as the last run of each cell saw it (`node',
    'test/matrix/render.ts`, as root on Debian 12). _repaired_: pods start again after the repair, and a second repair finds',
    'nothing. _diagnosed_: the check names the fault, and the repair says why it needs a person. [The searches in',
    'full](deep-tests.md) has which cells were run last, and when. The milliseconds are those of the check and of the',
    'repair, through the agent, on two processors that do other work as well. Behind them, whether a pod with a network of its own',
    '(RunPodSandbox) starts before and after the repair; where it does not, `node-check` was not Healthy.',
    ...datesOf(parts),
    ...rows,
    '',
    '## Healthy nodes',
    '',
    'A check of a healthy node finds nothing and leaves nothing behind. The processor time is that of `node-check` and all of',
    'its children; beside it, what a hundred forks of a shell took at the least in the same run.',
    '',
    table(['generation', 'runtime', 'processor time, least', 'median', 'a hundred forks'], healthy),
    '',
  ].join('\n');
  return { text, failed };
};

/** A cell of the matrix in words. */
export const wordsOf = ({ verdict, checkMs, repairMs, pods }: CellResult): string => {
  const starts = pods === undefined ? '' : `, pods ${pods.before ? 'yes' : 'no'} → ${pods.after ? 'yes' : 'no'}`;
  return `${verdict}, ${checkMs} + ${repairMs} ms${starts}`;
};

const ms = (milliseconds: number): string => `${Math.round(milliseconds)} ms`;
