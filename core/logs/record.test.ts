import { describe, expect, it } from 'vitest';
import { readLogRecord } from './record.ts';

const LINE =
  'E0526 "RunPodSandbox from runtime service failed" err="failed to get sandbox image \\"602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5\\": 401 Unauthorized"';
const record = (fields: Record<string, unknown>) => JSON.stringify({ message: LINE, ...fields });
const A = 'i-0123456789abcdef0';
const B = 'i-0123456789abcdef1';

describe('readLogRecord', () => {
  it.each([
    [
      'a dataplane record',
      record({ hostname: 'ip-10-0-1-23.ec2.internal', systemd_unit: 'kubelet.service', az: 'a', ec2_instance_id: A }),
      '',
      A,
    ],
    ['a host record', record({ host: 'ip-10-0-1-23', ident: 'kubelet', pid: '1', ec2_instance_id: A }), '', A],
    ['a resource-based host name', record({ hostname: `${A}.us-west-2.compute.internal` }), '', A],
    [
      'a stream named by one',
      record({ hostname: 'x' }),
      `${A}.us-west-2.compute.internal-dataplane.systemd.kubelet.service`,
      A,
    ],
    ['a host name that has one in its midst', record({ hostname: `x-${A}.ec2.internal` }), `x-${A}.log`, undefined],
    ['no id at all', record({ hostname: 'ip-10-0-1-23' }), 'ip-10-0-1-23-dataplane', undefined],
    ['a hostile id', record({ ec2_instance_id: 'i-0123456789abcdef0; reboot' }), '', undefined],
  ])('reads the instance of %s', (_, text, stream, instanceId) => {
    expect(readLogRecord(text, stream)).toMatchObject({ message: LINE, instanceId });
  });

  it.each([
    [{ systemd_unit: 'kubelet.service' }, 'kubelet'],
    [{ ident: 'cri-dockerd' }, 'cri-dockerd'],
    [{ systemd_unit: 'docker.service' }, 'docker'],
    [{ systemd_unit: 'containerd.socket' }, 'containerd'],
    [{ ident: 'containerd' }, 'containerd'],
    [{ ident: 'dockerd' }, 'docker'],
    [{ systemd_unit: 'cri-docker.service' }, 'cri-dockerd'],
    [{ ident: 'systemd' }, 'other'],
    [{}, 'other'],
  ])('reads the program that wrote %j', (fields, kind) => {
    expect(readLogRecord(record(fields), '')).toMatchObject({ is: 'line', kind });
  });

  const ID = 'ab'.repeat(32);
  const tailed = (file: string) => `${A}.ec2.internal-dataplane.tail.var.log.containers.${file}-${ID}.log`;

  it('reads the output of aws-node, which Fluent Bit tails', () => {
    const text = JSON.stringify({ log: LINE, stream: 'stdout' });
    expect(readLogRecord(text, tailed('aws-node-x4hm5_kube-system_aws-node'))).toEqual({
      is: 'line',
      message: LINE,
      kind: 'ipamd',
      instanceId: A,
    });
  });

  it.each([
    ['a pod of that name in another namespace', { log: LINE }, tailed('aws-node-x4hm5_team-evil_aws-node')],
    ['another container of a pod of that name', { log: LINE }, tailed('aws-node-x4hm5_kube-system_shell')],
    ['kube-proxy', { log: LINE }, tailed('kube-proxy-x4hm5_kube-system_kube-proxy')],
    ['a stream that names no file', { log: LINE }, 's'],
    ['an application', { log: LINE, kubernetes: { container_name: 'web', namespace_name: 'shop' } }, ''],
    ['a container named aws-node', { log: LINE, kubernetes: { container_name: 'aws-node', namespace_name: 'x' } }, ''],
    ['another program of the host', { message: LINE, ident: 'sshd' }, ''],
    ['a unit whose name only begins as kubelet’s', { message: LINE, systemd_unit: 'kubelet.service.bak' }, ''],
    ['a program named like a property', { message: LINE, ident: 'toString' }, ''],
  ])('does not believe %s', (_, fields, stream) => {
    expect(readLogRecord(JSON.stringify({ ec2_instance_id: A, ...fields }), stream)).toEqual({ is: 'foreign' });
  });

  it('reads aws-node by the metadata of its pod', () => {
    const kubernetes = { container_name: 'aws-node', namespace_name: 'kube-system' };
    const text = JSON.stringify({ log: LINE, kubernetes, ec2_instance_id: A });
    expect(readLogRecord(text, 's')).toMatchObject({ is: 'line', kind: 'ipamd', instanceId: A });
  });

  it.each([['plain text'], ['{'], ['[1]'], ['{"message":1}'], ['{"log":1}'], ['{"host":"ip-10-0-3-7"}'], ['']])(
    'reads nothing from %s',
    (text) => {
      expect(readLogRecord(text, '')).toEqual({ is: 'none' });
    },
  );

  const NAMED = `${A}.us-west-2.compute.internal`;
  const IN_STREAM = '-dataplane.systemd.kubelet.service';
  const [HOST, OTHER_HOST] = ['ip-10-0-1-2.ec2.internal', 'ip-10-0-1-23.ec2.internal'];

  it.each([
    ['the id of one node in the stream of another', { ec2_instance_id: B }, `${NAMED}${IN_STREAM}`],
    ['the id of one node and the host of another', { ec2_instance_id: B, hostname: NAMED }, 's'],
    ['two hosts', { host: NAMED, hostname: `${B}.ec2.internal` }, 's'],
    ['the address of one node in the stream of another', { hostname: HOST }, `${OTHER_HOST}${IN_STREAM}`],
    ['two addresses', { ec2_instance_id: A, host: HOST, hostname: OTHER_HOST }, 's'],
  ])('believes nothing of a record with %s', (_, fields, stream) => {
    expect(readLogRecord(record(fields), stream)).toEqual({ is: 'disputed' });
  });

  it.each([
    ['the id alone, in a stream of any name', {}, 's'],
    ['the same id everywhere', { hostname: NAMED }, `${NAMED}${IN_STREAM}`],
    ['the same address, with and without its domain', { hostname: 'ip-10-0-1-2' }, `${HOST}${IN_STREAM}`],
    ['a host of a name of its own', { hostname: 'web-7.example.com' }, `${HOST}${IN_STREAM}`],
    ['an id that is none beside it', { hostname: 'i-0123.example.com' }, 's'],
  ])('believes a record with %s', (_, fields, stream) => {
    expect(readLogRecord(record({ ec2_instance_id: A, ...fields }), stream)).toMatchObject({ instanceId: A });
  });

  const IP = 'ip-10-0-1-2';
  it.each([
    ['the record and the stream', { hostname: HOST }, `${HOST}${IN_STREAM}`, HOST],
    ['a record with a domain and a stream without', { hostname: HOST }, `${IP}${IN_STREAM}`, HOST],
    ['a record without a domain and a stream with one', { host: IP }, `${HOST}${IN_STREAM}`, IP],
    ['both fields of a record', { host: IP, hostname: HOST }, `${HOST}${IN_STREAM}`, HOST],
    ['the record alone', { hostname: HOST }, 'stream', undefined],
    ['the stream alone', { hostname: 'web-7' }, `${HOST}${IN_STREAM}`, undefined],
    [
      'the address alone: their domains are not the same',
      { hostname: HOST },
      `${IP}.evil.example${IN_STREAM}`,
      undefined,
    ],
    ['the address of two domains', { host: HOST, hostname: `${IP}.evil.example` }, `${IP}${IN_STREAM}`, undefined],
    ['a name that no host can have', { hostname: `${IP}.ec2.*` }, `${IP}${IN_STREAM}`, undefined],
  ])('without an id, knows the node by a private DNS name from %s', (_, fields, stream, privateDnsName) => {
    const reading = readLogRecord(record(fields), stream);
    expect(reading).toMatchObject({ is: 'line', instanceId: undefined });
    expect(reading.is === 'line' && reading.privateDnsName).toBe(privateDnsName);
  });

  it('prefers the id to a private DNS name', () => {
    const reading = readLogRecord(record({ ec2_instance_id: A, hostname: HOST }), `${HOST}${IN_STREAM}`);
    expect(reading).not.toHaveProperty('privateDnsName');
  });
});
