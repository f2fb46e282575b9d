import type { SSMClient } from '@aws-sdk/client-ssm';
import pMap from 'p-map';
import { createReviewedDocuments } from '../../functions/adapters/ssm/reviewed-documents.ts';
import { EXIT, UserError } from '../user-error.ts';

/** A document of this deployment: its name, and the sha256 of its content. */
export type NamedDocument = { readonly name: string; readonly contentSha256: string };

/**
 * Compares what SSM has under the names of this deployment with what was built. CloudFormation takes over a document that
 * exists, whatever it holds: anybody may have made it under that name.
 *
 * @returns how many documents SSM has already
 * @throws UserError that names each document which is not what was built
 */
export const compareDocuments = async (client: SSMClient, documents: readonly NamedDocument[]): Promise<number> => {
  const built = new Map(documents.map(({ name, contentSha256 }) => [name, contentSha256]));
  const reviewed = createReviewedDocuments({ client, built });
  const readings = await pMap(documents, ({ name }) => reviewed.read(name), { concurrency: 4 });
  const others = readings.flatMap((reading) => (reading.kind === 'other' ? [reading.why] : []));
  if (others.length > 0) throw new UserError([...others, 'nothing was deployed'], EXIT.refused);
  const unread = readings.flatMap((reading) =>
    reading.kind === 'refused' || reading.kind === 'retry' ? [reading.problem] : [],
  );
  if (unread.length > 0) {
    const advice = 'allow ssm:DescribeDocument and ssm:GetDocument, or try again; nothing was deployed';
    throw new UserError([...unread, advice], EXIT.aws);
  }
  return readings.filter(({ kind }) => kind === 'built').length;
};
