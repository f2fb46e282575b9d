import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bootLab } from '../boot.ts';
import type { CfnResource } from './cfn-template.ts';
import type { PolicyDocument } from './iam.ts';
import type { Lab, LabOptions } from './lab.ts';

/** A separate lab for one test file, from the resources of the test. */
export type LabFixture = {
  readonly lab: Lab;
  /** The folder of its assembly. */
  readonly assembly: string;
  /** Configuration of an SDK client as a person with these policies, or as an administrator. */
  readonly client: (policies?: readonly PolicyDocument[]) => {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  /** Sends a raw JSON request, for members that the SDK would leave out. */
  readonly raw: (service: string, target: string, version: string, body: unknown) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
};

/** A function's resources: its role with these statements and its code, an ES module that exports `handler`. */
export const functionResources = (
  name: string,
  options: { readonly statements?: readonly unknown[]; readonly properties?: Readonly<Record<string, unknown>> } = {},
): Readonly<Record<string, CfnResource>> => ({
  [`${name}Role`]: {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: `${name}Role`,
      Policies: [
        { PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement: options.statements ?? [] } },
      ].filter(() => (options.statements ?? []).length > 0),
    },
  },
  [name]: {
    Type: 'AWS::Lambda::Function',
    Metadata: { 'aws:asset:path': `asset.${name}` },
    Properties: {
      FunctionName: name,
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Timeout: 10,
      Code: {},
      Role: { 'Fn::GetAtt': [`${name}Role`, 'Arn'] },
      ...options.properties,
    },
  },
});

/** Boots a lab with these resources; `code` holds each function's source by name, bundled as the product's are. */
export const startFixture = async (
  resources: Readonly<Record<string, CfnResource>>,
  options: { readonly code?: Readonly<Record<string, string>>; readonly lab?: Partial<LabOptions> } = {},
): Promise<LabFixture> => {
  const assembly = mkdtempSync(join(tmpdir(), 'fleetmend-lab-'));
  writeFileSync(join(assembly, 'Test.template.json'), JSON.stringify({ Resources: resources }));
  for (const [name, contents] of Object.entries(options.code ?? {})) {
    mkdirSync(join(assembly, `asset.${name}`));
    await build({
      stdin: { contents, resolveDir: import.meta.dirname, loader: 'js' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      mainFields: ['module', 'main'],
      outfile: join(assembly, `asset.${name}`, 'index.mjs'),
      logLevel: 'error',
    });
  }
  const cleanUp = (): void => rmSync(assembly, { recursive: true, force: true });
  const lab = await bootLab({ assembly, stackName: 'Test', ...options.lab }).catch((error: unknown) => {
    cleanUp();
    throw error;
  });
  return {
    lab,
    assembly,
    client: (policies) => ({
      endpoint: lab.endpointUrl,
      region: lab.region,
      credentials: lab.credentialsFor('tester', policies),
      maxAttempts: 1,
    }),
    raw: async (service, target, version, body) => {
      const { accessKeyId } = lab.credentialsFor('raw');
      const answer = await fetch(lab.endpointUrl, {
        method: 'POST',
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${lab.region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
          'content-type': `application/x-amz-json-${version}`,
          'x-amz-target': target,
        },
        body: JSON.stringify(body),
      });
      return (await answer.json()) as Record<string, unknown>;
    },
    stop: async () => {
      await lab.stop();
      cleanUp();
    },
  };
};

/** The name and message that a promise rejects with. */
export const rejection = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return 'it did not reject';
};
