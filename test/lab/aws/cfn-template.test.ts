// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are CloudFormation's placeholders
import { describe, expect, it } from 'vitest';
import { physicalIds } from './cfn-ids.ts';
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
