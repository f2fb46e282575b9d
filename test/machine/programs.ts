/** The needs that programs of the list serve; each can be installed, and be missing, on its own. */
export type Need = 'shell lint' | 'real nodes' | 'bare machine';

/**
 * How the list is compared with a run: a program is `started` in every whole run of the tests, is started by
 * another program of the list, or is started or read because of a file of the repository, which names it.
 */
export type Use = 'started' | { readonly startedBy: string } | { readonly namedIn: string };

/** A program that the tests, the lab or the scripts start, and the Debian package that holds it. */
export type Program = {
  readonly name: string;
  readonly debianPackage: string;
  /** An absolute path by which the package is known to be installed. */
  readonly file: string;
  readonly why: string;
  readonly neededFor: readonly Need[];
  readonly use: Use;
};

/**
 * Every program that the tests, the lab, the bench and the scripts of this repository start beyond those of each Debian
 * (packages that are Essential or of priority required, and apt) and beyond the npm packages. The suite `programs` and
 * test/contract/programs.test.ts compare the list with the programs that are started.
 */
export const PROGRAMS: readonly Program[] = [
  {
    name: 'git',
    debianPackage: 'git',
    file: '/usr/bin/git',
    why: 'lists the shell files of the repository',
    neededFor: ['shell lint', 'bare machine'],
    use: 'started',
  },
  {
    name: 'shellcheck',
    debianPackage: 'shellcheck',
    file: '/usr/bin/shellcheck',
    why: 'finds faults in shell files',
    neededFor: ['shell lint'],
    use: 'started',
  },
  {
    name: 'shfmt',
    debianPackage: 'shfmt',
    file: '/usr/bin/shfmt',
    why: 'formats shell files, and parses them for the list of programs',
    neededFor: ['shell lint'],
    use: 'started',
  },
  {
    name: 'containerd',
    debianPackage: 'containerd',
    file: '/usr/bin/containerd',
    why: 'the container runtime of a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'ctr',
    debianPackage: 'containerd',
    file: '/usr/bin/ctr',
    why: "containerd's client",
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'runc',
    debianPackage: 'runc',
    file: '/usr/sbin/runc',
    why: 'starts the containers of a node',
    neededFor: ['real nodes'],
    use: { startedBy: 'containerd' },
  },
  {
    name: 'bridge',
    debianPackage: 'containernetworking-plugins',
    file: '/usr/lib/cni/bridge',
    why: "the pods' network on a node",
    neededFor: ['real nodes'],
    use: { namedIn: 'lab/real/node-root.ts' },
  },
  {
    name: 'systemd',
    debianPackage: 'systemd',
    file: '/lib/systemd/systemd',
    why: 'process 1 of a node',
    neededFor: ['real nodes'],
    use: { startedBy: 'systemd-nspawn' },
  },
  {
    name: 'systemctl',
    debianPackage: 'systemd',
    file: '/usr/bin/systemctl',
    why: 'starts and stops units of a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'journalctl',
    debianPackage: 'systemd',
    file: '/usr/bin/journalctl',
    why: 'reads the logs of a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'systemd-nspawn',
    debianPackage: 'systemd-container',
    file: '/usr/bin/systemd-nspawn',
    why: 'boots a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'dbus-daemon',
    debianPackage: 'dbus',
    file: '/usr/bin/dbus-daemon',
    why: "systemd's bus on a node",
    neededFor: ['real nodes'],
    use: { startedBy: 'systemd' },
  },
  {
    name: 'docker-registry',
    debianPackage: 'docker-registry',
    file: '/usr/bin/docker-registry',
    why: 'the registry behind the ECR host name',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'aws',
    debianPackage: 'awscli',
    file: '/usr/bin/aws',
    why: 'asks for the registry token on a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'docker-credential-ecr-login',
    debianPackage: 'amazon-ecr-credential-helper',
    file: '/usr/bin/docker-credential-ecr-login',
    why: 'asks for the registry token on a node without the AWS CLI',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'ip',
    debianPackage: 'iproute2',
    file: '/sbin/ip',
    why: 'sets up the network of the lab',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'openssl',
    debianPackage: 'openssl',
    file: '/usr/bin/openssl',
    why: 'makes the test certificates',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'ca-certificates.crt',
    debianPackage: 'ca-certificates',
    file: '/etc/ssl/certs/ca-certificates.crt',
    why: 'the certificate authorities that a node trusts',
    neededFor: ['real nodes'],
    use: { namedIn: 'lab/real/node-root.ts' },
  },
  {
    name: 'curl',
    debianPackage: 'curl',
    file: '/usr/bin/curl',
    why: "the stand-in for kubelet's credential provider",
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'strace',
    debianPackage: 'strace',
    file: '/usr/bin/strace',
    why: 'shows that no token reaches an argument list',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'python3',
    debianPackage: 'python3',
    file: '/usr/bin/python3',
    why: 'runs the stand-ins for kubelet, cri-dockerd and aws-node',
    neededFor: ['real nodes'],
    use: { namedIn: 'lab/real/stand-ins/kubelet.py' },
  },
  {
    name: 'pgrep',
    debianPackage: 'procps',
    file: '/usr/bin/pgrep',
    why: 'finds processes of a node',
    neededFor: ['real nodes'],
    use: 'started',
  },
  {
    name: 'debootstrap',
    debianPackage: 'debootstrap',
    file: '/usr/sbin/debootstrap',
    why: 'makes the minimal Debian of npm run test:bare',
    neededFor: ['bare machine'],
    use: { namedIn: 'test/bare/machine.ts' },
  },
];

/** The programs of the list that serve one of the needs. */
export const programsFor = (needs: readonly Need[]): Program[] =>
  PROGRAMS.filter(({ neededFor }) => neededFor.some((need) => needs.includes(need)));

const NEEDS: ReadonlySet<string> = new Set(PROGRAMS.flatMap(({ neededFor }) => neededFor));

export const isNeed = (word: string): word is Need => NEEDS.has(word);
