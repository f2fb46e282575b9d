import type { Way } from '../../core/api/way.ts';
import { CommandError } from '../exit.ts';
import type { Place } from './connection.ts';

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
/** What AWS answers for keys of another partition, or of nobody. Source: AWS STS API, common errors. */
const FOREIGN = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]);
const DENIED = new Set(['AccessDeniedException', 'AccessDenied']);
const THROTTLED = new Set(['TooManyRequestsException', 'ThrottlingException']);
const NO_NETWORK = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH']);

/** The output of the stack that names the policy which allows a way. */
const POLICY_OUTPUT = { look: 'ReadersPolicyArn', stop: 'RespondersPolicyArn', act: 'OperatorsPolicyArn' } as const;

const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : 'Error');
const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
const lineOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message || thrown.name : String(thrown)).split('\n', 1)[0] ?? '';

const where = ({ stack, region, profile, context }: Place): string =>
  [
    `the stack ${stack}`,
    ...(region === undefined ? [] : [`in ${region}`]),
    ...(profile === undefined ? [] : [`by the profile ${profile}`]),
    ...(context === 'default' ? [] : [`(context ${context})`]),
  ].join(' ');

/** An error of AWS in one line, with what to do. */
export const awsError = (thrown: unknown, place: Place, functionName: string, way: Way): CommandError => {
  const at = where(place);
  const error = (message: string, next: string): CommandError => new CommandError('Aws', { message, next }, thrown);
  const name = nameOf(thrown);
  if (EXPIRED.has(name) || /token.*expired|session.*expired/i.test(lineOf(thrown))) {
    return error(`the AWS credentials for ${at} have expired`, 'sign in again, for example with aws sso login');
  }
  if (/CredentialsProvider|^TokenProvider|^Credentials/.test(name)) {
    return error(`there are no AWS credentials for ${at}`, 'sign in, or name a profile with --profile');
  }
  if (/region is missing/i.test(lineOf(thrown))) {
    return error(`the Region of ${at} is not known`, 'name it with --region, AWS_REGION or a context');
  }
  if (FOREIGN.has(name)) {
    return error(`AWS does not accept the credentials for ${at}`, 'use those of its account and partition: --profile');
  }
  if (name === 'ResourceNotFoundException') {
    return error(
      `there is no function ${place.stack}-${functionName} with the alias ${way} for ${at}`,
      'name the stack and its Region: --stack, --region or --context',
    );
  }
  if (DENIED.has(name)) {
    return error(
      `the credentials may not invoke ${place.stack}-${functionName}:${way}`,
      `attach the policy that the output ${POLICY_OUTPUT[way]} of the stack names`,
    );
  }
  if (THROTTLED.has(name)) return error(`AWS Lambda throttles ${place.stack}-${functionName}`, 'try again in a minute');
  if (NO_NETWORK.has(codeOf(thrown))) {
    const to = place.endpoint === undefined ? `AWS Lambda of ${place.region ?? 'the Region'}` : place.endpoint;
    return error(`cannot connect to ${to} (${codeOf(thrown)})`, 'look at the network, the Region and --endpoint-url');
  }
  return error(`invoking ${place.stack}-${functionName}:${way} failed: ${name}: ${lineOf(thrown)}`, 'try again');
};
