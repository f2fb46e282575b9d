import { contentSha256 } from '../../functions/adapters/ssm/reviewed-documents.ts';
import {
  clusterStatus,
  explained,
  explainedLane,
  NODES,
  need,
  nodeStatus,
  nodesItem,
  page,
  RUN,
  refused,
  resultItem,
  runItem,
  started,
} from '../support/cli-answers.ts';
import { summary } from '../support/cli-summary.ts';
import { type CliWorldOptions, stackOf } from '../support/cli-world.ts';

const [first, second, third] = NODES;
const EU = { env: { AWS_REGION: 'eu-west-1' } };
const UNTIL = '2026-11-29T05:16:00.000Z';
const inFlight = [{ runId: RUN, key: '1', status: 'sent', instanceIds: [second] }];
const request = () => refused('there is no request');
const calm = {
  ...{ cluster: 'batch', mode: 'observe', nodes: 38, broken: 0, unknown: 0, unreachable: 0, waiting: 0, inFlight: 0 },
  quarantined: 0,
  signalsCut: 0,
};
const broken = page(runItem(), nodesItem('healthy', second, third), resultItem(first, { method: undefined }));
const guard = (name: string, text: string) => ({ guard: name, passes: true, text });
const HOW = {
  document: 'fleetmend-pause-image-repair-dc3c1c1ea07c',
  guards: [
    guard('canaries', 'slow start: one canary at a time'),
    guard('budget', '0 of at most 41 nodes of the cluster under repair'),
  ],
};
const repaired = (instanceId: string, method: string) =>
  resultItem(instanceId, {
    remediation: 'pause-image',
    action: 'repair',
    outcome: 'Repaired',
    method,
    findings: undefined,
  });
const LOG_GROUP = '/aws/containerinsights/shop/dataplane';
/** What AWS answers to doctor, by operation. */
const ACCOUNT: ReadonlyMap<string, object> = new Map<string, object>([
  ['ReviewDocument', { kind: 'built', hash: 'a' }],
  ['ListNodegroups', { nodegroups: ['workers-0'] }],
  ['DescribeNodegroup', { nodegroup: { nodeRole: 'arn:aws:iam::123456789012:role/shop-workers' } }],
  ['SimulatePrincipalPolicy', {}],
  ['DescribeLogGroups', { logGroups: [{ logGroupName: LOG_GROUP }] }],
  ['DescribeSubscriptionFilters', { subscriptionFilters: [{ filterName: 'fleetmend' }] }],
  ['DescribeLogStreams', { logStreams: [{ lastEventTimestamp: Date.parse('2026-11-29T03:12:00Z') }] }],
  ['FilterLogEvents', { events: [{}] }],
  ['DescribeInstanceInformation', { InstanceInformationList: [{ InstanceId: NODES[0], AgentVersion: '3.1.1927.0' }] }],
]);
const repairs = stackOf({
  status: () => page(nodeStatus(first), nodeStatus(second)),
  repair: ({ dryRun }) =>
    dryRun === true
      ? {
          ok: true,
          dryRun: true,
          planned: 1,
          skipped: [
            { instanceId: second, skipReason: 'OptedOut', message: 'the tag fleetmend:mode of the node is observe' },
          ],
        }
      : started({ planned: 1 }),
  run: () => page(runItem({ action: 'repair', remediation: 'pause-image' }), repaired(first, 'ecr')),
  explain: () => page({ ...explainedLane.items[0], ...HOW }),
  request,
});
const pauseAnswer = (over: object) => ({
  ok: true,
  covers: 'repairs',
  state: 'paused',
  at: UNTIL,
  until: UNTIL,
  inFlight,
  ...over,
});

/** The answers of the stack for each command line of docs/cli.md. */
export const CLI_SCENES: readonly { readonly of: string; readonly options: CliWorldOptions }[] = [
  {
    of: '',
    options: {
      ...EU,
      answer: () =>
        page(
          clusterStatus(),
          clusterStatus(calm),
          need(),
          need({
            need: 'Quarantined',
            instanceId: third,
            remediation: undefined,
            message: 'quarantined since 01:16: NodeRoleLacksECR',
            command: `fleetmend release ${third} -c shop --reason "cause removed"`,
          }),
        ),
    },
  },
  { of: 'explain ip-10-0-170-5', options: { answer: () => explained } },
  { of: 'check -c shop', options: { answer: stackOf({ check: () => started(), run: () => broken, request }) } },
  { of: 'repair -c shop --broken --reason "INC-1042 pods hang"', options: { answer: repairs, replies: ['y'] } },
  { of: 'repair -c shop --broken --dry-run', options: { answer: repairs } },
  {
    of: 'runs -c shop --since 24h',
    options: {
      answer: () =>
        page(
          runItem({ action: 'repair', remediation: 'pause-image', counts: { Repaired: 5 } }),
          runItem({ runId: 'r-20261129T031209-5a', end: 'Stopped', stopped: { reason: 'Paused', at: UNTIL } }),
        ),
    },
  },
  {
    of: 'runs -c shpo',
    options: {
      answer: () =>
        refused('field cluster: shpo is not in the policy, and has no runs; the policy lists: shop, batch', {
          field: 'cluster',
          allowed: ['shop', 'batch'],
        }),
    },
  },
  { of: `run ${RUN}`, options: { answer: stackOf({ run: () => broken, request }) } },
  {
    of: `node ${first}`,
    options: {
      answer: () =>
        page(
          {
            kind: 'node',
            instanceId: first,
            cluster: 'shop',
            remediation: 'pause-image',
            attempts: { [RUN]: { at: UNTIL } },
          },
          repaired(first, 'ecr'),
          resultItem(first, { at: '2026-11-29T03:11:00.000Z' }),
        ),
    },
  },
  {
    of: `node ${third}`,
    options: {
      answer: () =>
        page(
          {
            ...{ kind: 'node', instanceId: third, cluster: 'shop', remediation: 'pause-image', attempts: {} },
            ...{
              quarantinedAt: '2026-11-29T01:16:00.000Z',
              quarantineAdvice: 'give the role of the node access to ECR',
            },
          },
          resultItem(third, {
            ...{ reason: 'CNIConfigMissing', message: 'The CNI configuration is missing.', findings: undefined },
            decisions: [
              {
                ...{ remediation: 'cni-files', reason: 'CNIConfigMissing', skipReason: 'NotAllowed', value: false },
                setting: 'clusters[name=shop].remediations.cni-files.allowDisruptive',
                ...{ configuration: '3f9c01d2a7b4', version: '0.2.0' },
                message:
                  'no repair by cni-files: clusters[name=shop].remediations.cni-files.allowDisruptive is false, and its repair restarts something (configuration 3f9c01d2a7b4, version 0.2.0)',
              },
            ],
          }),
          resultItem(third, {
            ...{ outcome: 'Unreachable', reason: undefined, findings: undefined, at: '2026-11-29T02:42:00.000Z' },
            runId: 'r-20261129T024200-5a',
          }),
        ),
    },
  },
  {
    of: 'lab scenario pods-hang',
    options: {
      env: { FLEETMEND_LAB_URL: 'http://127.0.0.1:8080/' },
      post: async () => ({
        ok: true,
        lines: [
          'New pods on ip-10-0-0-1 of demo stay in ContainerCreating; the node says Ready.',
          'Begin with: fleetmend check ip-10-0-0-1 -c demo',
        ],
      }),
    },
  },
  {
    of: 'actions -c shop --since 7d',
    options: {
      answer: () =>
        page({
          ...{
            kind: 'action',
            event: 'asked',
            at: '2026-11-29T03:12:00.000Z',
            action: 'repair',
            cluster: 'shop',
            way: 'act',
            lambdaRequestId: 'f2',
          },
          ...{
            author: {
              kind: 'verified',
              arn: 'arn:aws:sts::123456789012:assumed-role/Ops',
              userId: 'AROA',
              account: '123456789012',
            },
            request: { reason: 'INC-1042' },
          },
        }),
    },
  },
  {
    of: 'pause -c shop --for 2h --reason "network change"',
    options: { answer: () => pauseAnswer({ scope: 'CLUSTER#shop' }) },
  },
  {
    of: 'resume -c shop --reason "change is over"',
    options: {
      answer: () => ({
        ok: true,
        scope: 'CLUSTER#shop',
        held: 'paused by dev@acme at 2026-11-29T02:55:00.000Z: all stop',
      }),
    },
  },
  {
    of: `cancel ${RUN} --reason "wrong cluster"`,
    options: {
      answer: () => ({
        ok: true,
        requestId: RUN,
        cancelled: true,
        runs: [{ runId: RUN, status: 'active' }],
        waiting: 4,
        inFlight,
      }),
    },
  },
  {
    of: `release ${third} -c shop --reason "role corrected"`,
    options: { answer: () => ({ ok: true, released: [third], notQuarantined: [] }) },
  },
  {
    of: 'replay --dry-run',
    options: {
      answer: () => ({ ok: true, dryRun: true, replayed: 2, dropped: 1, kinds: { signal: 2, tick: 1 }, left: [] }),
    },
  },
  {
    of: 'discard --queue fleetmend-scheduler-dlq --reason "old ticks" --yes',
    options: { answer: () => ({ ok: true, discarded: 3, kinds: { tick: 3 } }) },
  },
  { of: 'report --month 2026-11', options: { answer: () => summary() } },
  {
    of: 'doctor',
    options: {
      answer: stackOf({
        status: () => page(clusterStatus(), clusterStatus(calm)),
        explain: () => explainedLane,
        deployed: () =>
          page(
            { kind: 'deployed-document', key: 'k', name: 'n', contentSha256: contentSha256({}) },
            { kind: 'log-group', name: LOG_GROUP, cluster: 'shop' },
          ),
      }),
      askAws: async (service, operation, body) => {
        if (service === 'cloudtrail') throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
        if (operation === 'region') return 'eu-west-1';
        return JSON.stringify(body).includes('batch') ? {} : ACCOUNT.get(operation);
      },
      version: '0.2.0',
    },
  },
  {
    of: 'results -c shop --since 2026-11-01 --outcome Broken',
    options: { answer: () => page(resultItem(first, { method: undefined, advice: 'Run the repair.' })) },
  },
  {
    of: 'pause -c shop2 --reason "network change"',
    options: {
      answer: () =>
        refused('field cluster: shop2 is not in the policy; it lists: shop, batch', {
          field: 'cluster',
          allowed: ['shop', 'batch'],
        }),
    },
  },
];
