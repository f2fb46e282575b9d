import { CfnDeletionPolicy, CfnMapping, Fn } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { documentName } from '../../events/ssm-command.ts';
import { MAX_DOCUMENT_BYTES } from '../../ssm-documents/builder/document.ts';
import { sharedPartsOf } from './document-parts.ts';

/** A built SSM document, as `ssm-documents/builder/build.ts` gives it. */
export type DocumentToDeploy = {
  /** `pause-image-repair`; a variant has a suffix. */
  readonly key: string;
  /** Of `json`, in hex. */
  readonly sha256: string;
  /** The document's content, byte for byte as SSM gets it. */
  readonly json: string;
  /** The remediation it belongs to; for `node-check`, which belongs to none, its key or nothing. */
  readonly remediation?: string | undefined;
  readonly action: 'check' | 'repair';
  readonly executionTimeoutSeconds: number;
};

const pascalCase = (kebab: string): string => kebab.replace(/(?:^|-)([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/**
 * The SSM documents. A changed script has a new name, so CloudFormation creates a new document and retains the old
 * one: running commands keep their document. `cdk deploy --import-existing-resources` takes such a
 * document back when a deployment returns to it, which needs the literal name and this deletion policy.
 */
export class Documents extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly stackName: string; readonly documents: readonly DocumentToDeploy[] },
  ) {
    super(scope, id);
    // CloudFormation joins them before SSM gets the text. Documents are most of the template.
    const { texts, of } = sharedPartsOf(props.documents.map(({ json }) => json));
    const parts = Object.fromEntries([...texts].map(([key, text]) => [key, { text }]));
    // CloudFormation takes no mapping without keys.
    const mapping = texts.size === 0 ? undefined : new CfnMapping(this, 'Parts', { mapping: parts });
    const contentOf = (json: string): string =>
      mapping === undefined
        ? json
        : Fn.join(
            '',
            of(json).map((part) => ('key' in part ? mapping.findInMap(part.key, 'text') : part.text)),
          );
    for (const { key, sha256, json } of props.documents) {
      const bytes = Buffer.byteLength(json);
      if (bytes >= MAX_DOCUMENT_BYTES) {
        throw new Error(
          `deploying the document ${key}: it has ${bytes} bytes, and SSM takes less than ${MAX_DOCUMENT_BYTES}`,
        );
      }
      const document = new ssm.CfnDocument(this, pascalCase(key), {
        name: documentName(props.stackName, key, sha256),
        content: {},
        documentFormat: 'JSON',
        documentType: 'Command',
        targetType: '/AWS::EC2::Instance',
        updateMethod: 'NewVersion',
      });
      // A text, which reaches SSM byte for byte: CloudFormation would serialize an object again, in its own form. CDK's
      // property takes objects only. Source: aws-cloudformation-resource-providers-ssm, DocumentModelTranslator.
      document.addPropertyOverride('Content', contentOf(json));
      document.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
      document.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    }
  }
}
