import { CfnDeletionPolicy } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';

/** A built SSM document, as `ssm-documents/build.ts` gives it. */
export type DocumentToDeploy = {
  /** `pause-image-repair`; a variant has a suffix. */
  readonly key: string;
  /** `fleetmend-<key>-<first 12 hex digits of sha256>`. */
  readonly name: string;
  readonly sha256: string;
  readonly json: string;
  /** The remediation it belongs to; for `node-check`, which belongs to none, its key or nothing. */
  readonly remediation?: string | undefined;
  readonly action: 'check' | 'repair';
  readonly executionTimeoutSeconds: number;
};

const pascalCase = (kebab: string): string => kebab.replace(/(?:^|-)([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/**
 * The SSM documents. A changed script has a new name, so CloudFormation makes a new document and lets go of the old
 * one without deleting it: commands under way keep what they run. `cdk deploy --import-existing-resources` takes such a
 * document back when a deployment returns to it, which needs the literal name and this deletion policy.
 */
export class Documents extends Construct {
  constructor(scope: Construct, id: string, props: { readonly documents: readonly DocumentToDeploy[] }) {
    super(scope, id);
    for (const { key, name, json } of props.documents) {
      const document = new ssm.CfnDocument(this, pascalCase(key), {
        name,
        content: JSON.parse(json),
        documentFormat: 'JSON',
        documentType: 'Command',
        targetType: '/AWS::EC2::Instance',
        updateMethod: 'NewVersion',
      });
      document.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
      document.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    }
  }
}
