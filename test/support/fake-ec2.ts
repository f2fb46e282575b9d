import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';

/** An instance of the fake; running by default. */
export type FakeInstance = {
  readonly instanceId: string;
  readonly privateDnsName?: string;
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
};

/**
 * EC2 in memory, behind the client's `send`: one filtered call at a time, as strict about its limits as AWS. `alsoKnown` may
 * grow later.
 */
export const fakeEc2 = (instances: readonly FakeInstance[] = [], alsoKnown: readonly FakeInstance[] = []) => {
  const more = [...instances];
  /** The filter of every call, in order. */
  const calls: { readonly name: string; readonly values: readonly string[] }[] = [];
  let failures = 0;
  let pageSize = 1000;
  const send = async (command: unknown): Promise<unknown> => {
    if (!(command instanceof DescribeInstancesCommand)) throw new Error('this fake has no such operation');
    const { Filters = [] } = command.input;
    const [filter, state] = Filters;
    const [name, values] = [filter?.Name ?? '', filter?.Values ?? []];
    if (values.length === 0 || values.length > 200) throw new Error('InvalidParameterValue');
    // A list by a tag is of running instances.
    if (Filters.length > 2 || name.startsWith('tag:') !== (state?.Name === 'instance-state-name')) {
      throw new Error('InvalidParameterCombination');
    }
    calls.push({ name, values });
    if (failures > 0) {
      failures--;
      throw new Error('RequestLimitExceeded');
    }
    const fits = (value: string | undefined): boolean =>
      value !== undefined && values.some((v) => (v.endsWith('.*') ? value.startsWith(v.slice(0, -1)) : v === value));
    const wantedOf = (i: FakeInstance): string | undefined => {
      if (name.startsWith('tag:')) return i.tags?.[name.slice('tag:'.length)];
      return name === 'instance-id' ? i.instanceId : i.privateDnsName;
    };
    const isInState = (i: FakeInstance): boolean => state?.Values?.includes(i.state ?? 'running') ?? true;
    const found = [...alsoKnown, ...more].filter((i) => fits(wantedOf(i)) && isInState(i));
    const Instances = found.map(
      (i): Instance => ({
        InstanceId: i.instanceId,
        PrivateDnsName: i.privateDnsName ?? '',
        State: { Name: (i.state ?? 'running') as 'running' },
        Tags: Object.entries(i.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    const from = Number(command.input.NextToken ?? 0);
    const rest = from + pageSize < Instances.length ? { NextToken: String(from + pageSize) } : {};
    return { Reservations: [{ Instances: Instances.slice(from, from + pageSize) }], ...rest };
  };
  return {
    client: { send: send as EC2Client['send'] },
    calls,
    add: (...added: readonly FakeInstance[]) => more.push(...added),
    pagesOf: (instances: number) => {
      pageSize = instances;
    },
    fail: (times: number) => {
      failures = times;
    },
  };
};
