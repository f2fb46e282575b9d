import { describe, expect, it } from 'vitest';
import { allows, neededWay, wayOf } from './way.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:fleetmend-operator-api';

describe('the way into operator-api', () => {
  it.each([
    [ARN, 'act'],
    [`${ARN}:$LATEST`, 'act'],
    [`${ARN}:act`, 'act'],
    [`${ARN}:stop`, 'stop'],
    [`${ARN}:look`, 'look'],
    [`${ARN}:7`, 'look'],
    [`${ARN}:ACT`, 'look'],
    [`${ARN}:`, 'look'],
  ])('of %s is %s', (arn, way) => {
    expect(wayOf(arn)).toBe(way);
  });

  it('of a dry run need only be the one to look', () => {
    expect(neededWay({ way: 'act' }, true)).toBe('look');
    expect(neededWay({ way: 'stop' }, false)).toBe('stop');
    expect(neededWay({ way: 'act' }, false)).toBe('act');
  });

  it('allows what the ways before it allow', () => {
    expect([allows('look', 'look'), allows('look', 'stop'), allows('look', 'act')]).toEqual([true, false, false]);
    expect([allows('stop', 'look'), allows('stop', 'stop'), allows('stop', 'act')]).toEqual([true, true, false]);
    expect([allows('act', 'look'), allows('act', 'stop'), allows('act', 'act')]).toEqual([true, true, true]);
  });
});
