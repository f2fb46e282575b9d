import * as z from 'zod';
import { checkSignature } from '../real/sigv4.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { Iam, Principal } from './iam.ts';
import { operation, type Service, type WireRequest } from './service.ts';
import { queryWire, xmlLeaf } from './wire.ts';

/** The dependencies of STS. */
export type StsContext = {
  readonly account: string;
  readonly region: string;
  readonly clock: Pick<LabClock, 'now'>;
  readonly iam: Pick<Iam, 'secretOf'>;
};

/** The unique id of a principal, and the name of the session behind a role's. Source: IAM User Guide, "Unique identifiers". */
const userIdOf = ({ kind, arn, principalArn }: Principal): string => {
  const name = principalArn.slice(principalArn.lastIndexOf('/') + 1);
  const id = name.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
  return kind === 'role' ? `AROALAB${id}:${arn.slice(arn.lastIndexOf('/') + 1)}` : `AIDALAB${id}`;
};

/** STS: GetCallerIdentity, the Query protocol. Unlike other services of the lab it checks the signature of a request. */
export const createSts = ({ account, region, clock, iam }: StsContext): Service => {
  const wire = queryWire('2011-06-15', 'https://sts.amazonaws.com/doc/2011-06-15/');
  const verify = ({ method, path, headers, body }: WireRequest): void => {
    const checked = checkSignature(
      { method, path, headers: { ...headers }, body },
      { service: 'sts', region, now: new Date(clock.now()), find: iam.secretOf },
    );
    if (!checked.ok) throw new AwsError(checked.type, checked.message, 403);
  };
  return {
    name: 'sts',
    ...wire,
    throttledCode: 'Throttling',
    read: (request) => {
      verify(request);
      return wire.read(request);
    },
    operations: {
      GetCallerIdentity: operation(z.strictObject({}), {
        // It needs no permission. Source: AWS STS API Reference, GetCallerIdentity.
        access: () => [],
        run: (_input, { principal }) =>
          [xmlLeaf('Arn', principal.arn), xmlLeaf('UserId', userIdOf(principal)), xmlLeaf('Account', account)].join(''),
      }),
    },
  };
};
