import { createHash } from 'node:crypto';
import type { BuiltDocument } from '../../ssm-documents/builder/build.ts';

/** The documents with a line more in each script: other contents, and so other names. */
export const withOtherContents = (documents: readonly BuiltDocument[]): readonly BuiltDocument[] =>
  documents.map((document) => {
    const mainSteps = document.content.mainSteps.map((step) => ({
      ...step,
      inputs: { ...step.inputs, runCommand: [...step.inputs.runCommand, '# the next version'] },
    }));
    const content = { ...document.content, mainSteps } as BuiltDocument['content'];
    const json = JSON.stringify(content);
    return { ...document, content, json, sha256: createHash('sha256').update(json).digest('hex') };
  });
