import type { LineKind } from '../../model/log-lines.ts';

/** The programs of a node that report its faults, by the names under which the journal and shippers know them. */
const COMPONENTS: readonly (readonly [RegExp, LineKind])[] = [
  [/^(?:snap\.|microk8s\.)*(?:daemon-)?(?:kubelet|kubelite)(?:-eks)?(?:\.daemon|-wrapper)?$/, 'kubelet'],
  [/^(?:hyperkube|k3s|k3s-agent|rke2|rke2-agent|k0s|origin-node|atomic-openshift-node)$/, 'kubelet'],
  [/^(?:snap\.|microk8s\.)*(?:daemon-)?containerd$/, 'containerd'],
  [/^docker(?:d|-current|d-current)?$/, 'docker'],
  [/^cri-dockerd?$/, 'cri-dockerd'],
  [/^(?:aws-node|aws-vpc-cni-init|aws-eks-nodeagent|aws-k8s-agent|ipamd)$/, 'ipamd'],
  [
    /^(?:systemd|init|kernel|crio|kubeadm|crictl|nodeadm(?:-\w{1,20})?|cloud-init|cloud-final|cloud-config|ecr-credential-provider|sandbox-image|pull-sandbox-image(?:\.sh)?|pull-image(?:\.sh)?|bootstrap(?:\.sh)?)$/,
    'other',
  ],
];

/** The kind of a component by its name or unit; undefined for any other program, whose lines may say anything. */
export const kindOfSpeaker = (name: string): LineKind | undefined => {
  const base = name
    .slice(0, 128)
    .replace(/^.*\//, '')
    .replace(/\[\d{1,8}\]:?$/, '')
    .replace(/\.(?:service|socket|scope)$/, '')
    .toLowerCase();
  return COMPONENTS.find(([known]) => known.test(base))?.[1];
};

// What syslog and the journal write before a line: `May 26 11:27:32 host program[644]: `, and RFC 5424. The program of the
// RFC's form has a process id beside it; without one the form is that of many other lines.
const PREFIXES: readonly RegExp[] = [
  /^(?:<\d{1,3}>)?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \S{1,255} ([A-Za-z_][\w.@/-]{0,63})(?:\[\d{1,8}\])?: /,
  /^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d) \S{1,255} ([A-Za-z_][\w.@/-]{0,63})\[\d{1,8}\]: /,
  /^<\d{1,3}>1 \S{20,35} \S{1,255} ([A-Za-z_][\w.@/-]{0,63}) \S{1,12} \S{1,32} /,
];

/** The program that a line's own prefix names. */
export const speakerInText = (text: string): string | undefined => {
  for (const prefix of PREFIXES) {
    const name = prefix.exec(text)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
};

type Json = Readonly<Record<string, unknown>>;

// The fields in which shippers put the program: Fluent Bit, fluentd, the journal, Vector, rsyslog, syslog-ng, Datadog.
const NAME_FIELDS = [
  'ident',
  'SYSLOG_IDENTIFIER',
  'syslog_identifier',
  'appname',
  'app_name',
  'programname',
  'syslogtag',
  'PROGRAM',
  'program',
  '_COMM',
  'service',
  'systemd_unit',
  '_SYSTEMD_UNIT',
];
/** The fields of Filebeat and of the OpenTelemetry collector, by the object that holds them. */
const NESTED_FIELDS = [
  ['syslog', 'identifier'],
  ['syslog', 'appname'],
  ['systemd', 'unit'],
  ['process', 'name'],
] as const;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isUnit = (value: unknown): value is string =>
  isText(value) && /^[^\s]{1,120}\.(?:service|socket|scope)$/.test(value);

/** Every name that a record gives for the program that wrote it. */
const namesIn = (json: Json): readonly string[] => {
  const nested = NESTED_FIELDS.map(([outer, inner]) => {
    const holder = json[outer];
    return typeof holder === 'object' && holder !== null ? (holder as Json)[inner] : undefined;
  });
  return [
    ...NAME_FIELDS.map((field) => json[field]).filter(isText),
    ...nested.filter(isText),
    // Other programs measure in units.
    ...[json.unit].filter(isUnit),
  ];
};

/**
 * Who wrote a record, by its own fields: `stranger` where one of them names a program that is no component of the node.
 * Undefined where no field names a program.
 */
export type Speaker = { readonly name: string; readonly kind: LineKind } | 'stranger' | undefined;

/** The program that wrote a record: the one of the most specific kind, where its fields name several. */
export const speakerOf = (json: Json): Speaker => {
  const speakers = namesIn(json).map((name) => ({ name, kind: kindOfSpeaker(name) }));
  if (speakers.some(({ kind }) => kind === undefined)) return 'stranger';
  const [first] = speakers.toSorted((a, b) => Number(a.kind === 'other') - Number(b.kind === 'other'));
  return first?.kind === undefined ? undefined : { name: first.name, kind: first.kind };
};
