import { AwsError } from './aws-error.ts';

/** One page of a list: an opaque token carries the offset. */
export const page = <T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } => {
  const offset =
    token === undefined || token === '' ? 0 : Number(Buffer.from(token, 'base64url').toString().replace(/^lab:/, ''));
  if (!Number.isInteger(offset) || offset < 0)
    throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  const items = all.slice(offset, offset + size);
  const more = offset + size < all.length;
  return { items, next: more ? { NextToken: Buffer.from(`lab:${offset + size}`).toString('base64url') } : {} };
};
