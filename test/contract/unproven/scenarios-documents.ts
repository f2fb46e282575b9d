import { BROKEN, denied, type Scenario } from './answers.ts';

/** Hash and content of the documents, as SSM would have them if CloudFormation changed only an object. */
const documentsWith = (hash: string): string => `
  'ssm create-document'*) from=$(option --content); cp "\${from#file://}" "$STATE/$(option --name)" ;;
  'cloudformation create-stack'*)
    stack=$(option --stack-name)
    cp "$STATE/$stack-raw" "$STATE/$stack-string"
    { echo '{'; cat "$STATE/$stack-raw"; } > "$STATE/$stack-object" ;;
  'ssm describe-document'*) ${hash} ;;
  'ssm get-document'*) cat "$STATE/$(option --name)" ;;`;

const listed = (date: string, tag: string): string =>
  `for word in "$@"; do [[ $word != Key=Name,* ]] || name=\${word##*=}; done; printf '%s\\t%s\\t%s\\n' "$name" '${date}' '${tag}'`;

const NO_STACK =
  "'cloudformation get-template-summary'*-none*) fail ValidationError 'Stack with id x does not exist' ;;";
const SUMMARY = `'cloudformation get-template-summary'*) sed -n 's/.*"Metadata": \\(.*\\),$/\\1/p' "$STATE/template" ;;`;

/** The actions of the change set on the document and on the nested stack. */
const importing = (action: string, nested = 'Modify'): string => `
  'ssm describe-document'*) echo Active ;;
  'cloudformation describe-change-set'*"=='Nested'"*) echo ${nested} ;;
  'cloudformation describe-change-set'*) echo ${action} ;;
  'cloudformation describe-stacks'*) if (($(times state) < 3)); then echo UPDATE_IN_PROGRESS; else echo UPDATE_COMPLETE; fi ;;
  'cloudformation describe-stack-resources'*) echo UPDATE_COMPLETE ;;`;

/** The scripts about documents and stacks. */
export const documents: readonly Scenario[] = [
  {
    script: 'document-hash.sh',
    title: 'the hash is of the raw content',
    verdict: 'PROVEN',
    answers: documentsWith(`sha256sum "$STATE/$(option --name)" | cut -d ' ' -f 1`),
    says: /an object does: no$/,
  },
  {
    script: 'document-hash.sh',
    title: 'the hash is of something else',
    verdict: 'REFUTED',
    answers: documentsWith(`tr -d ' ' < "$STATE/$(option --name)" | sha256sum | cut -d ' ' -f 1`),
    says: /other spaces change it: no/,
  },
  {
    script: 'document-hash.sh',
    title: 'a document cannot be read',
    verdict: 'INCONCLUSIVE',
    answers: documentsWith(`[[ $(option --name) != *-string ]] || ${BROKEN}; echo 1`),
  },
  {
    script: 'import-document.sh',
    title: 'it is imported while the nested stack changes',
    verdict: 'PROVEN',
    answers: importing('Import'),
    says: /Import, the nested stack changed/,
  },
  {
    script: 'import-document.sh',
    title: 'it would be created',
    verdict: 'REFUTED',
    answers: importing('Add'),
    says: /Add/,
  },
  {
    script: 'import-document.sh',
    title: 'nested stacks are in the way',
    verdict: 'REFUTED',
    answers: `
      'cloudformation wait change-set-create-complete'*) fail WaiterError 'Waiter ChangeSetCreateComplete failed' ;;
      'cloudformation describe-change-set'*StatusReason*) echo 'ImportExistingResources is not supported with nested stacks' ;;
      ${importing('Import')}`,
    says: /the change set failed: ImportExistingResources is not supported/,
  },
  {
    script: 'import-document.sh',
    title: 'the change set fails for a missing right',
    verdict: 'INCONCLUSIVE',
    answers: `
      'cloudformation wait change-set-create-complete'*) fail WaiterError 'Waiter ChangeSetCreateComplete failed' ;;
      'cloudformation describe-change-set'*StatusReason*) echo 'User is not authorized to perform: ssm:DescribeDocument' ;;
      ${importing('Import')}`,
  },
  {
    script: 'import-document.sh',
    title: 'the change is rolled back',
    verdict: 'REFUTED',
    answers: `'cloudformation describe-stacks'*) echo UPDATE_ROLLBACK_COMPLETE ;;${importing('Import')}`,
    says: /rolled the change set back/,
  },
  {
    script: 'import-document.sh',
    title: 'the nested stack would not change',
    verdict: 'INCONCLUSIVE',
    answers: importing('Import', 'None'),
  },
  {
    script: 'import-document.sh',
    title: 'the nested template cannot be stored',
    verdict: 'INCONCLUSIVE',
    answers: `'s3api put-object'*) ${denied('s3:PutObject')} ;;${importing('Import')}`,
    says: /putting the nested template into the bucket.*s3:PutObject/,
  },
  {
    script: 'import-document.sh',
    title: 'the stack fails once the bucket is there',
    verdict: 'INCONCLUSIVE',
    answers: `
      'cloudformation create-stack'*/first.yaml*) ${denied('ssm:PutParameter')} ;;
      ${importing('Import')}`,
    says: /creating the stack.*ssm:PutParameter/,
  },
  {
    script: 'import-document.sh',
    title: 'the change set cannot be created',
    verdict: 'INCONCLUSIVE',
    answers: `'cloudformation create-change-set'*) fail ServiceUnavailable 'try later' ;;${importing('Import')}`,
  },
  {
    script: 'template-summary.sh',
    title: 'the Metadata comes back',
    verdict: 'PROVEN',
    answers: `${NO_STACK}${SUMMARY}`,
  },
  {
    script: 'template-summary.sh',
    title: 'the Metadata is cut',
    verdict: 'REFUTED',
    answers: `${NO_STACK}${SUMMARY.replace(' ;;', ' | cut -c 1-4096 ;;')}`,
  },
  {
    script: 'template-summary.sh',
    title: 'the summary cannot be read',
    verdict: 'INCONCLUSIVE',
    answers: `'cloudformation get-template-summary'*) ${denied('cloudformation:GetTemplateSummary')} ;;`,
  },
  {
    script: 'template-summary.sh',
    title: 'a missing stack is called otherwise',
    verdict: 'REFUTED',
    answers: `
      'cloudformation get-template-summary'*-none*) fail StackNotFound 'no such stack' ;;
      ${SUMMARY}`,
    says: /whole.*no such stack/,
  },
  {
    script: 'document-list.sh',
    title: 'date and tag are listed',
    verdict: 'PROVEN',
    answers: `'ssm list-documents'*) ${listed('2026-11-29T12:00:00+00:00', 'fleetmend-unproven')} ;;`,
  },
  {
    script: 'document-list.sh',
    title: 'tags are not listed',
    verdict: 'REFUTED',
    answers: `'ssm list-documents'*) ${listed('2026-11-29T12:00:00+00:00', 'None')} ;;`,
  },
  {
    script: 'document-list.sh',
    title: 'the document is not listed',
    verdict: 'INCONCLUSIVE',
    answers: `'ssm list-documents'*) echo None ;;`,
  },
];
