// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are CloudFormation's placeholders
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { physicalIds } from './cfn-ids.ts';
import { readWithNested } from './cfn-nested.ts';
import { type CfnTemplate, createResolver } from './cfn-template.ts';

const place = {
  account: '111122223333',
  region: 'cn-north-1',
  partition: 'aws-cn',
  urlSuffix: 'amazonaws.com.cn',
  stackName: 'S',
  endpointUrl: 'http://lab',
};
const template: CfnTemplate = {
  Parameters: { Size: { Default: '3' }, Name: {} },
  Mappings: { Map: { 'cn-north-1': { key: 'mapped' } } },
  Conditions: {
    China: { 'Fn::Equals': [{ Ref: 'AWS::Partition' }, 'aws-cn'] },
    Not: { 'Fn::Not': [{ Condition: 'China' }] },
  },
  Resources: {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': 'q-${AWS::Region}' } } },
    Unnamed: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus' } },
    Rule: { Type: 'AWS::Events::Rule', Properties: { EventBusName: { Ref: 'Bus' }, Name: 'r' } },
    Loop: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['Loop', 'QueueName'] } } },
    Strange: { Type: 'AWS::EC2::VPC' },
  },
};
const { resolve } = createResolver(template, place, { Name: 'given' }, (id, resource, inner) =>
  physicalIds(id, resource, place, inner),
);

describe('intrinsic functions', () => {
  it.each<[unknown, unknown]>([
    [{ Ref: 'Queue' }, 'http://lab/111122223333/q-cn-north-1'],
    [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws-cn:sqs:cn-north-1:111122223333:q-cn-north-1'],
    [{ 'Fn::GetAtt': 'Unnamed.QueueName' }, 'S-Unnamed.fifo'],
    [{ 'Fn::GetAtt': ['Rule', 'Arn'] }, 'arn:aws-cn:events:cn-north-1:111122223333:rule/bus/r'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Size' }, { Ref: 'Name' }]] }, 'a-3-given'],
    [
      { 'Fn::Sub': ['${x}/${Queue.Arn}/${!literal}', { x: { Ref: 'Size' } }] },
      '3/arn:aws-cn:sqs:cn-north-1:111122223333:q-cn-north-1/${literal}',
    ],
    [{ 'Fn::If': ['China', 'yes', 'no'] }, 'yes'],
    [{ 'Fn::If': ['Not', 'yes', { Ref: 'AWS::URLSuffix' }] }, 'amazonaws.com.cn'],
    [{ a: { Ref: 'AWS::NoValue' }, b: [1, { Ref: 'AWS::NoValue' }] }, { b: [1] }],
    [{ 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b,c'] }] }, 'b'],
    [{ 'Fn::FindInMap': ['Map', { Ref: 'AWS::Region' }, 'key'] }, 'mapped'],
  ])('%j', (value, resolved) => {
    expect(resolve(value)).toEqual(resolved);
  });

  it.each<[unknown, string]>([
    [{ Ref: 'Nobody' }, 'no resource Nobody'],
    [{ 'Fn::GetAtt': ['Queue', 'Colour'] }, 'no attribute Colour'],
    [{ 'Fn::Cidr': [] }, 'does not know Fn::Cidr'],
    [{ Ref: 'Loop' }, 'refers to itself'],
    [{ Ref: 'Strange' }, 'AWS::EC2::VPC, which the lab does not support'],
  ])('refuses %j', (value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });
});

describe('nested stacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-lab-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, of: unknown) => writeFileSync(join(folder, name), JSON.stringify(of));
  const child = {
    Parameters: { QueueArn: { Type: 'String' }, Size: { Type: 'String', Default: '3' } },
    Resources: {
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::Join': ['-', ['t', { Ref: 'Size' }]] } } },
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { Topics: [{ Ref: 'Topic' }], Source: { Ref: 'QueueArn' }, Where: { Ref: 'AWS::Region' } },
        DependsOn: ['Topic'],
      },
    },
    Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Topic', 'TopicArn'] } } },
  };
  const parent = {
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q' } },
      First: { Type: 'AWS::SQS::Queue' },
      Nest: {
        Type: 'AWS::CloudFormation::Stack',
        Properties: { Parameters: { QueueArn: { 'Fn::GetAtt': ['Queue', 'Arn'] } } },
        Metadata: { 'aws:asset:path': 'child.template.json' },
        DependsOn: ['First'],
      },
    },
    Outputs: { Topic: { Value: { 'Fn::GetAtt': ['Nest', 'Outputs.Arn'] } } },
  };

  it('are resources of the parent, with the values of their parameters and their dependencies', () => {
    write('parent.template.json', parent);
    write('child.template.json', child);
    const whole = readWithNested(folder, 'parent.template.json');
    expect(Object.keys(whole.Resources)).toEqual(['Queue', 'First', 'Nest-Topic', 'Nest-Policy']);
    expect(whole.Resources['Nest-Policy']).toMatchObject({
      Properties: {
        Topics: [{ Ref: 'Nest-Topic' }],
        Source: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        Where: { Ref: 'AWS::Region' },
      },
      DependsOn: ['First', 'Nest-Topic'],
    });
    expect(whole.Resources['Nest-Topic']?.Properties).toEqual({ TopicName: { 'Fn::Join': ['-', ['t', '3']] } });
    expect(whole.Outputs).toEqual({ Topic: { Value: { 'Fn::GetAtt': ['Nest-Topic', 'TopicArn'] } } });
  });

  const resolved = () => {
    const whole = readWithNested(folder, 'parent.template.json');
    const resolver = createResolver(whole, place, {}, (id, resource, inner) => physicalIds(id, resource, place, inner));
    return { whole, resolve: (id: string) => resolver.resolve(whole.Resources[id]?.Properties) };
  };

  it("resolve a parent's resource that they are given as a parameter", () => {
    write('parent.template.json', parent);
    write('child.template.json', child);
    const { resolve: resolveNested } = resolved();
    expect(resolveNested('Nest-Policy')).toEqual({
      Topics: ['arn:aws-cn:sns:cn-north-1:111122223333:t-3'],
      Source: 'arn:aws-cn:sqs:cn-north-1:111122223333:q',
      Where: 'cn-north-1',
    });
  });

  it('keep resources with the same logical id apart, in two of them and in the parent', () => {
    const nest = (path: string, name: string) => ({
      Type: 'AWS::CloudFormation::Stack',
      Properties: { Parameters: { Name: name } },
      Metadata: { 'aws:asset:path': path },
    });
    const queue = (QueueName: unknown) => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName } });
    const holding = (id: string) => ({
      Parameters: { Name: { Type: 'String' } },
      Resources: { [id]: queue({ Ref: 'Name' }) },
    });
    write('parent.template.json', {
      Resources: {
        // Joined without a separator, three of these ids are ABC.
        A: nest('bc.template.json', 'of-a'),
        AB: nest('c.template.json', 'of-ab'),
        Twin1: nest('c.template.json', 'of-twin-1'),
        Twin2: nest('c.template.json', 'of-twin-2'),
        ABC: queue('of-parent'),
        C: queue('of-parent-too'),
      },
    });
    write('bc.template.json', holding('BC'));
    write('c.template.json', holding('C'));
    const { whole, resolve: resolveNested } = resolved();
    const names = Object.keys(whole.Resources).map((id) => (resolveNested(id) as { QueueName: string }).QueueName);
    expect(names.toSorted()).toEqual(['of-a', 'of-ab', 'of-parent', 'of-parent-too', 'of-twin-1', 'of-twin-2']);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    [
      'without a file',
      { ...parent, Resources: { Nest: { Type: 'AWS::CloudFormation::Stack' } } },
      child,
      /aws:asset:path/,
    ],
    ['with conditions', parent, { ...child, Conditions: {} }, /conditions/],
    [
      'without a value for a parameter',
      { Resources: { Nest: { ...parent.Resources.Nest, Properties: {} } } },
      child,
      /QueueArn/,
    ],
    [
      'with names in Fn::Sub',
      parent,
      { Resources: { A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': '${B}' } } } } },
      /Fn::Sub names B/,
    ],
  ])('are refused %s', (_, of, inner, why) => {
    write('parent.template.json', of);
    write('child.template.json', inner);
    expect(() => readWithNested(folder, 'parent.template.json')).toThrow(why);
  });
});
