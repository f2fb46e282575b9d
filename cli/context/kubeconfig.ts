import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { ClusterName } from '../../core/model/ids.ts';
import type { Io } from '../io.ts';

const Exec = z.looseObject({ args: z.array(z.string()).nullish() });
const Named = z.looseObject({ name: z.string() });
/** The parts of a kubeconfig file that name the cluster. Each file of KUBECONFIG may have only some of them. */
const Kubeconfig = z.looseObject({
  'current-context': z.string().nullish(),
  contexts: z
    .array(Named.extend({ context: z.looseObject({ cluster: z.string(), user: z.string().nullish() }) }))
    .nullish(),
  users: z.array(Named.extend({ user: z.looseObject({ exec: Exec.nullish() }).nullish() })).nullish(),
});
type Kubeconfig = z.infer<typeof Kubeconfig>;

/** The options by which aws and aws-iam-authenticator name the EKS cluster. */
const CLUSTER_OPTIONS = ['--cluster-name', '--cluster-id', '-i'];
const CLUSTER_ARN = /^arn:[^:]+:eks:[^:]+:\d+:cluster\/(.+)$/;
/** eksctl's name of a cluster in a kubeconfig: `<name>.<region>.eksctl.io`. */
const EKSCTL = /^(.+)\.[a-z0-9-]+\.eksctl\.io$/;

const read = (path: string, readFile: Io['readFile']): Kubeconfig | undefined => {
  try {
    return Kubeconfig.safeParse(parse(readFile(path) ?? '')).data;
  } catch {
    // Only the default cluster comes from it: the command names the option where there is none.
    return undefined;
  }
};

const argumentOf = (args: readonly string[]): string | undefined => {
  const at = args.findIndex((arg) => CLUSTER_OPTIONS.includes(arg));
  return at === -1 ? undefined : args[at + 1];
};

/** The EKS cluster of the current context of kubectl; undefined where it names none that fleetmend can recognize. */
export const kubeconfigCluster = ({
  env,
  homeFolder,
  readFile,
}: Pick<Io, 'env' | 'homeFolder' | 'readFile'>): string | undefined => {
  const paths = (env.KUBECONFIG || join(homeFolder, '.kube', 'config')).split(delimiter).filter((path) => path !== '');
  const files = paths.map((path) => read(path, readFile)).filter((file) => file !== undefined);
  const current = files.map((file) => file['current-context']).find((name) => typeof name === 'string' && name !== '');
  const context = files.flatMap((file) => file.contexts ?? []).find(({ name }) => name === current)?.context;
  if (context === undefined) return undefined;
  const user = files.flatMap((file) => file.users ?? []).find(({ name }) => name === context.user)?.user;
  const named =
    argumentOf(user?.exec?.args ?? []) ?? CLUSTER_ARN.exec(context.cluster)?.[1] ?? EKSCTL.exec(context.cluster)?.[1];
  return ClusterName.safeParse(named).success ? named : undefined;
};
