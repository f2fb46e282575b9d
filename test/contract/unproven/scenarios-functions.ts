import { BROKEN, denied, invoke, type Scenario } from './answers.ts';

/** Lambda's answer to an operation that the Region does not have. */
const NO_OPERATION = "fail AccessDeniedException 'Unable to determine service/operation name to be authorized'";
const FUNCTION = `*"OutputKey=='Function'"*) echo arn:aws:lambda:eu-west-1:111122223333:function:probe ;;`;

const china = ['--yes', '--region', 'cn-north-1'];
const inChina = "'sts get-caller-identity'*) echo 'arn:aws-cn:iam::111122223333:user/mei'; exit ;;";

/** The scripts that create a function. */
export const functions: readonly Scenario[] = [
  { script: 'recursive-loop.sh', title: 'a commercial region has the setting', verdict: 'PROVEN', answers: '' },
  {
    script: 'recursive-loop.sh',
    title: 'GovCloud does not have it',
    verdict: 'PROVEN',
    words: ['--yes', '--region', 'us-gov-west-1'],
    answers: `'lambda put-function-recursion-config'*) ${NO_OPERATION} ;;`,
    says: /absent/,
  },
  {
    script: 'recursive-loop.sh',
    title: 'a commercial region does not have it',
    verdict: 'REFUTED',
    answers: `'lambda put-function-recursion-config'*) ${NO_OPERATION} ;;`,
  },
  {
    script: 'recursive-loop.sh',
    title: 'the caller may not set it',
    verdict: 'INCONCLUSIVE',
    answers: `'lambda put-function-recursion-config'*) ${denied('lambda:PutFunctionRecursionConfig')} ;;`,
  },
  {
    script: 'logs-principal.sh',
    title: 'logs.amazonaws.com works',
    verdict: 'PROVEN',
    answers: `${FUNCTION}
      'lambda add-permission'*amazonaws.com.cn*) fail InvalidParameterValueException 'The provided principal was invalid.' ;;
      'logs filter-log-events'*) if (($(times asked) < 3)); then echo None; else echo 3; fi ;;`,
    says: /logs\.amazonaws\.com: delivered; logs\.amazonaws\.com\.cn: Lambda refuses/,
  },
  {
    script: 'logs-principal.sh',
    title: 'China wants the other principal',
    verdict: 'REFUTED',
    words: china,
    answers: `${inChina} ${FUNCTION}
      'lambda add-permission'*amazonaws.com.cn*) fail InvalidParameterValueException 'The provided principal was invalid.' ;;
      'logs filter-log-events'*) echo 3 ;;`,
  },
  {
    script: 'logs-principal.sh',
    title: 'the line does not arrive',
    verdict: 'INCONCLUSIVE',
    answers: `${FUNCTION} 'logs filter-log-events'*) echo None ;;`,
  },
  { script: 'lambda-arm64.sh', title: 'it runs', verdict: 'PROVEN', answers: invoke('"v24.1.0 arm64"') },
  {
    script: 'lambda-arm64.sh',
    title: 'the region has no arm64',
    verdict: 'REFUTED',
    answers: `
      'cloudformation wait stack-create-complete'*) fail WaiterError 'Waiter StackCreateComplete failed' ;;
      'cloudformation describe-stack-events'*) echo 'Function  Resource handler returned message: Architecture arm64 is not supported in this region' ;;`,
  },
  {
    script: 'lambda-arm64.sh',
    title: 'the role may not be created',
    verdict: 'INCONCLUSIVE',
    answers: `
      'cloudformation wait stack-create-complete'*) fail WaiterError 'Waiter StackCreateComplete failed' ;;
      'cloudformation describe-stack-events'*) echo 'Role  User is not authorized to perform: iam:CreateRole' ;;`,
  },
  {
    script: 'watching.sh',
    title: 'both are there',
    verdict: 'PROVEN',
    answers: `
      *describe-query-definitions*) echo "$(option --query-definition-name-prefix)/probe" ;;
      *get-dashboard*) option --dashboard-name ;;`,
    says: /in eu-west-1 the saved query is fleetmend-unproven-watching-/,
  },
  {
    script: 'watching.sh',
    title: 'the region has no such type',
    verdict: 'REFUTED',
    answers: `'cloudformation create-stack'*) fail ValidationError 'Template format error: Unrecognized resource types: [AWS::Logs::QueryDefinition]' ;;`,
  },
  {
    script: 'watching.sh',
    title: 'the query is not there afterwards',
    verdict: 'REFUTED',
    answers: `
      *describe-query-definitions*) : ;;
      *get-dashboard*) option --dashboard-name ;;`,
    says: /the saved query is none/,
  },
  {
    script: 'watching.sh',
    title: 'the dashboard may not be created',
    verdict: 'INCONCLUSIVE',
    answers: `
      'cloudformation wait stack-create-complete'*) fail WaiterError 'Waiter StackCreateComplete failed' ;;
      'cloudformation describe-stack-events'*) echo 'Dashboard  User is not authorized to perform: cloudwatch:PutDashboard' ;;`,
  },
  {
    script: 'registry-probe.sh',
    title: 'the image is there',
    verdict: 'PROVEN',
    answers: invoke('{"images": 1, "failures": []}'),
  },
  {
    script: 'registry-probe.sh',
    title: 'the registry answers without the tag',
    verdict: 'PROVEN',
    answers: invoke('{"images": 0, "failures": ["ImageNotFound"]}'),
  },
  {
    script: 'registry-probe.sh',
    title: 'the registry refuses',
    verdict: 'REFUTED',
    answers: invoke('{"errorMessage": "An error occurred (AccessDeniedException)"}', 'Unhandled'),
  },
  {
    script: 'registry-probe.sh',
    title: 'Lambda fails',
    verdict: 'INCONCLUSIVE',
    answers: `'lambda invoke'*) ${BROKEN} ;;`,
  },
  {
    script: 'caller-proof.sh',
    title: 'STS checks the header',
    verdict: 'PROVEN',
    answers: invoke(
      '"as signed: named; another value: refused SignatureDoesNotMatch; without it: refused SignatureDoesNotMatch"',
    ),
    says: /sts\.eu-west-1\.amazonaws\.com answers: as signed: named/,
  },
  {
    script: 'caller-proof.sh',
    title: 'STS takes no header that it does not know',
    verdict: 'REFUTED',
    answers: invoke(
      '"as signed: refused SignatureDoesNotMatch; another value: refused SignatureDoesNotMatch; without it: refused SignatureDoesNotMatch"',
    ),
  },
  {
    script: 'caller-proof.sh',
    title: 'STS does not look at the header',
    verdict: 'REFUTED',
    answers: invoke('"as signed: named; another value: named; without it: refused SignatureDoesNotMatch"'),
  },
  {
    script: 'caller-proof.sh',
    title: 'STS fails',
    verdict: 'INCONCLUSIVE',
    answers: invoke('"as signed: failed 503; another value: failed 503; without it: failed 503"'),
  },
  {
    script: 'caller-proof.sh',
    title: 'Lambda fails',
    verdict: 'INCONCLUSIVE',
    answers: `'lambda invoke'*) ${BROKEN} ;;`,
  },
];
