import { join } from 'node:path';
import { defined } from '../../core/model/defined.ts';
import type { FunctionDefinition } from '../lambda/function.ts';
import type { CfnTemplate } from './cfn-template.ts';
import type { Principal } from './iam.ts';

/** The folder of a function's asset as the CDK names it; empty where the template does not. */
export const assetOf = (template: CfnTemplate, logicalId: string): string =>
  String(template.Resources[logicalId]?.Metadata?.['aws:asset:path'] ?? '');

/** A function's definition from its template properties. */
export const functionDefinition = (
  p: Readonly<Record<string, unknown>>,
  about: {
    readonly name: string;
    readonly arn: string;
    readonly role: Principal;
    readonly assembly: string;
    readonly asset: string;
  },
): FunctionDefinition => {
  const { name, arn, role, assembly, asset } = about;
  const code = p.Code as { S3Key?: string };
  const reserved = p.ReservedConcurrentExecutions;
  return {
    name,
    arn,
    directory: join(assembly, asset === '' ? `asset.${String(code.S3Key).replace(/\.zip$/, '')}` : asset),
    handler: String(p.Handler),
    timeoutSeconds: Number(p.Timeout ?? 3),
    memoryMb: Number(p.MemorySize ?? 128),
    environment: (p.Environment as { Variables?: Record<string, string> } | undefined)?.Variables ?? {},
    role,
    ...defined({ reservedConcurrency: reserved === undefined ? undefined : Number(reserved) }),
  };
};
