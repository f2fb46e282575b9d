import { expect, it } from 'vitest';
import { unreadOf } from './unread.ts';

const error = (name: string, httpStatusCode?: number, more: object = {}): Error =>
  Object.assign(
    new Error('m'),
    { name, ...(httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } }) },
    more,
  );

it.each<[string, unknown, 'retry' | 'refused']>([
  ['a throttled call', error('ThrottlingException', 400), 'retry'],
  ["EC2's throttle", error('RequestLimitExceeded', 400), 'retry'],
  ['too many requests', error('AnyException', 429), 'retry'],
  ['a server error', error('InternalError', 500), 'retry'],
  ['a server that is away', error('ServiceUnavailable', 503), 'retry'],
  ['a lost connection', error('TimeoutError'), 'retry'],
  ['credentials that are being renewed', error('ExpiredTokenException', 400), 'retry'],
  ['an error that the service calls retryable', error('AnyException', 400, { $retryable: {} }), 'retry'],
  ['anything that is no error', 'text', 'retry'],
  ['access denied', error('AccessDeniedException', 400), 'refused'],
  ["EC2's access denied", error('UnauthorizedOperation', 403), 'refused'],
  ['not found', error('ResourceNotFoundException', 404), 'refused'],
  ['a bad request', error('InvalidParameterException', 400), 'refused'],
])('%s', (_, thrown, kind) => {
  expect(unreadOf('EKS', thrown).kind).toBe(kind);
});

it('keeps the name and the message, cut to 300 characters', () => {
  expect(unreadOf('EKS', error('AccessDeniedException', 400)).problem).toBe('EKS: AccessDeniedException: m');
  expect(unreadOf('EKS', new Error('x'.repeat(500))).problem).toHaveLength(300);
  expect(unreadOf('EKS', 'text').problem).toBe('EKS: text');
});
