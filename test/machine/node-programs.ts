/** A program that the scripts of the documents start on a node. */
export type NodeProgram = {
  readonly name: string;
  /** Where it comes from on the nodes that are supported. */
  readonly from: string;
  /** A script looks for it (`command -v`) before it starts it, since not every node has it. */
  readonly mayBeMissing?: true;
};

const core = (...names: string[]): NodeProgram[] => names.map((name) => ({ name, from: 'coreutils' }));

/**
 * The programs that a document may start. Amazon Linux 2, Amazon Linux 2023 and Ubuntu have all of them but those that
 * may be missing. No other is taken for granted: jq, crictl and nerdctl are on no list.
 */
export const NODE_PROGRAMS: readonly NodeProgram[] = [
  ...core(
    'base64',
    'chmod',
    'cp',
    'date',
    'env',
    'head',
    'ln',
    'mkdir',
    'mktemp',
    'mv',
    'readlink',
    'rm',
    'rmdir',
    'sleep',
  ),
  ...core('sha256sum', 'stat', 'sync', 'tac', 'tail', 'timeout', 'uname'),
  { name: 'awk', from: 'gawk or mawk' },
  { name: 'bash', from: 'bash' },
  { name: 'flock', from: 'util-linux' },
  { name: 'grep', from: 'grep' },
  { name: 'sed', from: 'sed' },
  { name: 'systemctl', from: 'systemd', mayBeMissing: true },
  { name: 'journalctl', from: 'systemd', mayBeMissing: true },
  { name: 'ctr', from: 'containerd', mayBeMissing: true },
  { name: 'docker', from: 'Docker, on nodes whose runtime it is', mayBeMissing: true },
  { name: 'curl', from: 'curl', mayBeMissing: true },
  { name: 'aws', from: "the AWS CLI, which Amazon Linux's images hold", mayBeMissing: true },
  {
    name: 'docker-credential-ecr-login',
    from: 'amazon-ecr-credential-helper, where somebody has installed it',
    mayBeMissing: true,
  },
];
