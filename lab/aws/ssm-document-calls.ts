import * as z from 'zod';
import type { Faults } from './faults.ts';
import type { AccessRequest } from './iam.ts';
import { operation, type Service } from './service.ts';
import type { DocumentStore, StoredDocument } from './ssm-documents.ts';

const Name = z.string().regex(/^[a-zA-Z0-9_\-.:/]{3,128}$/);
const Version = z.string().regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/);
const Format = z.enum(['JSON']).optional();

/** SSM's calls about documents: reading, and the changes that authors of documents make. */
export const documentCalls = (
  documents: DocumentStore,
  faults: Faults,
  arnOf: (name: string) => string,
): Service['operations'] => {
  const access =
    (action: string) =>
    ({ Name: name }: { readonly Name: string }): readonly AccessRequest[] => [
      { action: `ssm:${action}`, resource: arnOf(name) },
    ];
  const described = (document: StoredDocument) => ({
    Name: document.name,
    Hash: document.sha256,
    HashType: 'Sha256',
    Status: 'Active',
    DocumentVersion: document.version,
    DefaultVersion: documents.defaultVersion(document.name),
    LatestVersion: documents.latestVersion(document.name),
    DocumentType: 'Command',
    DocumentFormat: 'JSON',
  });
  return {
    GetDocument: operation(z.strictObject({ Name, DocumentVersion: Version.optional(), DocumentFormat: Format }), {
      access: access('GetDocument'),
      run: (input) => {
        const { name, version, text } = documents.get(input.Name, input.DocumentVersion);
        const Content = faults.documentsAreIndented ? JSON.stringify(JSON.parse(text), undefined, 2) : text;
        return { Name: name, DocumentVersion: version, Status: 'Active', DocumentFormat: 'JSON', Content };
      },
    }),
    DescribeDocument: operation(z.strictObject({ Name, DocumentVersion: Version.optional() }), {
      access: access('DescribeDocument'),
      run: (input) => ({ Document: described(documents.get(input.Name, input.DocumentVersion)) }),
    }),
    CreateDocument: operation(
      z.strictObject({
        Name,
        Content: z.string().min(1),
        DocumentType: z.literal('Command'),
        DocumentFormat: Format,
        TargetType: z.string().optional(),
      }),
      {
        access: access('CreateDocument'),
        run: (input) => ({
          DocumentDescription: described(documents.create(input.Name, arnOf(input.Name), input.Content)),
        }),
      },
    ),
    UpdateDocument: operation(
      z.strictObject({
        Name,
        Content: z.string().min(1),
        DocumentVersion: Version.optional(),
        DocumentFormat: Format,
        TargetType: z.string().optional(),
      }),
      {
        access: access('UpdateDocument'),
        run: (input) => ({ DocumentDescription: described(documents.update(input.Name, input.Content)) }),
      },
    ),
    UpdateDocumentDefaultVersion: operation(
      z.strictObject({ Name, DocumentVersion: z.string().regex(/^[1-9][0-9]*$/) }),
      {
        access: access('UpdateDocumentDefaultVersion'),
        run: (input) => {
          documents.setDefault(input.Name, input.DocumentVersion);
          return { Description: { Name: input.Name, DefaultVersion: input.DocumentVersion } };
        },
      },
    ),
    DeleteDocument: operation(z.strictObject({ Name }), {
      access: access('DeleteDocument'),
      run: (input) => {
        documents.get(input.Name);
        documents.remove(input.Name);
        return {};
      },
    }),
  };
};
