import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandError } from '../exit.ts';
import { awsError } from './aws-errors.ts';
import { connectByLambda } from './lambda.ts';

const PLACE = { context: 'default', stack: 'fleetmend', region: 'eu-west-1' };
const error = (name: string, message: string, code?: string) => Object.assign(new Error(message), { name, code });
const described = (thrown: unknown, place = PLACE) => {
  const { code, refusal } = awsError(thrown, place, 'operator-api', 'stop');
  return `${code}: ${refusal.message} | ${refusal.next}`;
};

describe('an error of AWS in one line', () => {
  it.each([
    [
      error('CredentialsProviderError', 'none'),
      'there are no AWS credentials for the stack fleetmend in eu-west-1 | sign in, or name a profile with --profile',
    ],
    [
      error('CredentialsProviderError', 'The SSO session has expired'),
      'the AWS credentials for the stack fleetmend in eu-west-1 have expired | sign in again, for example with aws sso login',
    ],
    [
      error('ExpiredTokenException', 'x'),
      'the AWS credentials for the stack fleetmend in eu-west-1 have expired | sign in again, for example with aws sso login',
    ],
    [
      error('Error', 'Region is missing'),
      'the Region of the stack fleetmend in eu-west-1 is not known | name it with --region, AWS_REGION or a context',
    ],
    [
      error('UnrecognizedClientException', 'x'),
      'AWS does not accept the credentials for the stack fleetmend in eu-west-1 | use those of its account and partition: --profile',
    ],
    [
      error('ResourceNotFoundException', 'x'),
      'there is no function fleetmend-operator-api with the alias stop for the stack fleetmend in eu-west-1 | name the stack and its Region: --stack, --region or --context',
    ],
    [
      error('AccessDeniedException', 'x'),
      'the credentials may not invoke fleetmend-operator-api:stop | attach the policy that the output RespondersPolicyArn of the stack names',
    ],
    [error('TooManyRequestsException', 'x'), 'AWS Lambda throttles fleetmend-operator-api | try again in a minute'],
    [
      error('Error', 'x', 'ENOTFOUND'),
      'cannot connect to AWS Lambda of eu-west-1 (ENOTFOUND) | look at the network, the Region and --endpoint-url',
    ],
    [error('Strange', 'one\ntwo'), 'invoking fleetmend-operator-api:stop failed: Strange: one | try again'],
    ['text', 'invoking fleetmend-operator-api:stop failed: Error: text | try again'],
  ])('%s', (thrown, text) => {
    expect(described(thrown)).toBe(`Aws: ${text}`);
  });

  it('names the context, the profile and the endpoint', () => {
    const place = { ...PLACE, context: 'eu', profile: 'ops', endpoint: 'http://localhost:1' };
    expect(described(error('ExpiredToken', 'x'), place)).toContain(
      'the stack fleetmend in eu-west-1 by the profile ops (context eu)',
    );
    expect(described(error('Error', 'x', 'ECONNREFUSED'), place)).toContain('cannot connect to http://localhost:1');
  });
});

describe('an invocation', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const invoke = async (listener: RequestListener): Promise<unknown> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return await connectByLambda({ ...PLACE, endpoint: `http://127.0.0.1:${port}` })('audit-query', 'look', {
        query: 'open',
      });
    } catch (thrown) {
      return thrown instanceof CommandError ? `${thrown.code}: ${thrown.message}` : thrown;
    } finally {
      server.close();
    }
  };

  it('calls the alias of the function, and reads its answer', async () => {
    let url: string | undefined;
    const answer = await invoke((request, response) => {
      url = request.url;
      response.end('{"ok":true,"items":[]}');
    });
    expect(url).toBe('/2015-03-31/functions/fleetmend-audit-query%3Alook/invocations');
    expect(answer).toEqual({ ok: true, items: [] });
  });

  it.each([
    ['{"errorType":"Error","errorMessage":"reading the row failed"}', 'Error: reading the row failed'],
    ['{}', 'it gave no reason'],
    ['no JSON', 'it gave no reason'],
  ])('shows why the function failed: %s', async (body, why) => {
    const answer = await invoke((_request, response) => {
      response.setHeader('x-amz-function-error', 'Unhandled');
      response.end(body);
    });
    expect(answer).toBe(`Aws: fleetmend-audit-query failed: ${why}`);
  });
});
