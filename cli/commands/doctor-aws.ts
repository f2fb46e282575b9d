import pMap from 'p-map';
import { DeployedItem } from '../../core/api/deployed.ts';
import { counted } from '../../core/model/counted.ts';
import { defined } from '../../core/model/defined.ts';
import { answerOf } from '../aws/answer.ts';
import { itemsOf } from '../aws/pages.ts';
import type { AwsFinding, Look } from './doctor-look.ts';
import { nodeRoles } from './doctor-roles.ts';

type Of<Kind extends DeployedItem['kind']> = Extract<DeployedItem, { kind: Kind }>;

const CONCURRENCY = 4;
/** The tick of scheduler comes each minute. */
const HEARTBEAT_MS = 5 * 60_000;
/** CloudWatch Logs updates the time of a stream's last event within an hour. Source: API reference, LogStream. */
const QUIET_MS = 2 * 3_600_000;
/** The first agent that Default Host Management Configuration can use. Source: Systems Manager User Guide. */
const OLDEST_AGENT = [3, 2, 582, 0] as const;
const MAX_NAMED = 5;

const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** Looks at one thing. Where AWS refuses, the finding says which permission is needed. */
const looking = async (
  what: string,
  permission: string,
  look: () => Promise<readonly AwsFinding[]>,
): Promise<readonly AwsFinding[]> => {
  try {
    return await look();
  } catch (thrown) {
    const { name, message } = errorOf(thrown);
    const isDenied = name.startsWith('AccessDenied');
    const why = isDenied ? `allow ${permission}` : `${name}: ${message.split('\n', 1)[0] ?? ''}; needs ${permission}`;
    return [{ check: 'not seen', level: 'warning', text: `${what}: ${why}` }];
  }
};

/** Why a document at SSM is not what was built; undefined where it is. Throws where SSM cannot be asked. */
const differenceOf = async ({ ask }: Look, document: Of<'deployed-document'>): Promise<string | undefined> => {
  const reading = await (await ask('ssm')).ReviewDocument(document);
  switch (reading.kind) {
    case 'built':
      return undefined;
    case 'other':
      return reading.why;
    case 'missing':
      return `${document.name} is not at SSM`;
    case 'refused':
      throw Object.assign(new Error(reading.problem), { name: 'AccessDeniedException' });
    case 'retry':
      throw new Error(reading.problem);
  }
};

const documents = async (look: Look, all: readonly Of<'deployed-document'>[]): Promise<readonly AwsFinding[]> => {
  const wrong = (await pMap(all, (one) => differenceOf(look, one), { concurrency: CONCURRENCY })).filter(
    (text) => text !== undefined,
  );
  if (wrong.length === 0)
    return [
      {
        check: 'documents',
        level: 'ok',
        text: `${counted(all.length, 'document')} at SSM as built, each with a Sha256 of SSM`,
      },
    ];
  return wrong.map((text) => ({
    check: 'documents',
    level: 'error',
    text: `${text}; docs/operating.md#document-refused`,
  }));
};

const logGroup = async ({ ask, stack, clock, now }: Look, { name, cluster }: Of<'log-group'>): Promise<AwsFinding> => {
  const said = (level: AwsFinding['level'], text: string): AwsFinding => ({
    ...{ check: 'log groups', level },
    text: `${cluster}: ${name} ${text}`,
  });
  const logs = await ask('logs');
  const { logGroups = [] } = await logs.DescribeLogGroups({ logGroupNamePrefix: name });
  if (!logGroups.some(({ logGroupName }) => logGroupName === name)) return said('error', 'does not exist');
  const request = { logGroupName: name, filterNamePrefix: stack.place.stack };
  const { subscriptionFilters = [] } = await logs.DescribeSubscriptionFilters(request);
  if (!subscriptionFilters.some(({ filterName }) => filterName === stack.place.stack))
    return said('error', 'has no subscription of the stack: npm run deploy makes it');
  const newest = { logGroupName: name, orderBy: 'LastEventTime', descending: true, limit: 1 } as const;
  const { logStreams = [] } = await logs.DescribeLogStreams(newest);
  const last = logStreams[0]?.lastEventTimestamp;
  if (last === undefined) return said('warning', 'is subscribed, and has no log stream with an event');
  const text = `is subscribed, last event ${clock.ago(new Date(last).toISOString())}`;
  return said(now.getTime() - last > QUIET_MS ? 'warning' : 'ok', text);
};

const isOld = (version: string): boolean => {
  const parts = version.split('.').map(Number);
  for (const [i, oldest] of OLDEST_AGENT.entries()) {
    const part = parts[i] ?? 0;
    // A part that is no number is of no release.
    if (part !== oldest) return !(part > oldest);
  }
  return false;
};

/** The agents of a cluster's nodes. */
const agents = async ({ ask }: Look, cluster: string): Promise<readonly AwsFinding[]> => {
  const ssm = await ask('ssm');
  const old: string[] = [];
  let found = 0;
  let next: string | undefined;
  do {
    const Filters = [{ Key: 'tag:eks:cluster-name', Values: [cluster] }];
    const page = await ssm.DescribeInstanceInformation({ Filters, MaxResults: 50, ...defined({ NextToken: next }) });
    const { InstanceInformationList: list = [] } = page;
    found += list.length;
    for (const { InstanceId, AgentVersion = '0' } of list)
      if (isOld(AgentVersion)) old.push(`${InstanceId} (${AgentVersion})`);
    next = page.NextToken;
  } while (next !== undefined);
  const oldest = OLDEST_AGENT.join('.');
  const said = (level: AwsFinding['level'], text: string): AwsFinding => ({ check: 'agent', level, text });
  if (old.length === 0)
    return [said('ok', `${cluster}: ${counted(found, 'agent')} known to SSM, none older than ${oldest}`)];
  const more = old.length > MAX_NAMED ? ` and ${old.length - MAX_NAMED} more` : '';
  const named = `${old.slice(0, MAX_NAMED).join(', ')}${more}`;
  return [said('warning', `${cluster}: ${old.length} of ${found} agents are older than ${oldest}: ${named}`)];
};

/** Whether scheduler has completed a tick in the last minutes. */
const heartbeat = async ({ ask, stack, now }: Look): Promise<readonly AwsFinding[]> => {
  const { events = [] } = await (await ask('logs')).FilterLogEvents({
    logGroupName: `/aws/lambda/${stack.place.stack}-scheduler`,
    startTime: now.getTime() - HEARTBEAT_MS,
    filterPattern: '"waking what is due"',
    limit: 1,
  });
  return events.length > 0
    ? [{ check: 'heartbeat', level: 'ok', text: 'scheduler has completed a tick in the last 5 min' }]
    : [
        {
          check: 'heartbeat',
          level: 'error',
          text: 'scheduler has completed no tick for 5 min; docs/operating.md#heartbeat',
        },
      ];
};

/** Whether a trail records who invokes functions. */
const cloudTrail = async ({ ask }: Look): Promise<readonly AwsFinding[]> => {
  const cloudtrail = await ask('cloudtrail');
  const { trailList = [] } = await cloudtrail.DescribeTrails({});
  for (const { Name, TrailARN } of trailList) {
    const selectors = JSON.stringify(await cloudtrail.GetEventSelectors({ TrailName: TrailARN }));
    if (selectors.includes('"AWS::Lambda::Function"'))
      return [{ check: 'CloudTrail', level: 'ok', text: `the trail ${Name} selects invocations of functions` }];
  }
  const text = `none of ${counted(trailList.length, 'trail')} selects invocations of functions (data events of AWS::Lambda::Function)`;
  return [{ check: 'CloudTrail', level: 'warning', text }];
};

/** What the account has, by the rights of the caller, beside what the stack should have made. */
export const lookAtAws = async (look: Look, clusters: readonly string[]): Promise<readonly AwsFinding[]> => {
  const items: DeployedItem[] = [];
  for await (const item of itemsOf(look.stack, { query: 'deployed' }))
    items.push(answerOf(DeployedItem, item, 'the deployment'));
  const groups = items.filter((item) => item.kind === 'log-group');
  const built = items.filter((item) => item.kind === 'deployed-document');
  const logs = 'logs:DescribeLogGroups, logs:DescribeSubscriptionFilters and logs:DescribeLogStreams';
  const parts = [
    looking('whether the documents at SSM are what was built', 'ssm:DescribeDocument and ssm:GetDocument', () =>
      documents(look, built),
    ),
    looking('the log groups', logs, () => pMap(groups, (group) => logGroup(look, group), { concurrency: CONCURRENCY })),
    ...clusters.map((cluster) =>
      looking(`the agents of ${cluster}`, 'ssm:DescribeInstanceInformation', () => agents(look, cluster)),
    ),
    ...clusters.map((cluster) =>
      looking(
        `the rights of the roles of the nodes of ${cluster}`,
        'eks:ListNodegroups, eks:DescribeNodegroup and iam:SimulatePrincipalPolicy',
        () => nodeRoles(look, cluster),
      ),
    ),
    looking('the ticks of scheduler', 'logs:FilterLogEvents', () => heartbeat(look)),
    looking(
      'whether CloudTrail records who invokes the functions',
      'cloudtrail:DescribeTrails and cloudtrail:GetEventSelectors',
      () => cloudTrail(look),
    ),
  ];
  return (await Promise.all(parts)).flat();
};
