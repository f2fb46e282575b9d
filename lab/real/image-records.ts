/** One image record of the node's containerd. */
export type ImageRecord = {
  readonly name: string;
  readonly digest: string;
  readonly labels: Readonly<Record<string, string>>;
};

/** The rows of `ctr images ls`: the digest is the third column, the labels are the last. */
export function parseImageTable(table: string): ImageRecord[] {
  return table
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const columns = line.trim().split(/\s+/);
      const labels = (columns.at(-1) ?? '-').split(',').filter((label) => label.includes('='));
      return {
        name: columns[0] ?? '',
        digest: columns[2] ?? '',
        labels: Object.fromEntries(
          labels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
        ),
      };
    });
}
