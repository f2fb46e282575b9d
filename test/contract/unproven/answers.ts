/** One way in which AWS may answer a script, and the verdict that must result. */
export type Scenario = {
  readonly script: string;
  readonly title: string;
  readonly verdict: 'PROVEN' | 'REFUTED' | 'INCONCLUSIVE';
  /** Bash: the branches of `case "$*"` in the stand-in for the AWS CLI. */
  readonly answers: string;
  readonly words?: readonly string[];
  /** The text that the verdict must have. */
  readonly says?: RegExp;
};

/** The test instance of the scripts that start one. */
export const NODE = 'i-0123456789abcdef0';
/** The queue of the scripts that listen to events. */
export const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/111122223333/q';

/** AWS's answer to a caller without a right. */
export const denied = (action: string): string =>
  `fail AccessDeniedException 'User: arn:aws:iam::111122223333:user/mei is not authorized to perform: ${action} on resource: x'`;
/** AWS's answer where it fails itself. */
export const BROKEN = "fail InternalFailure 'An internal error occurred'";

/** Lambda's answer to an invocation: the function's result, or its error, in the output file. */
export const invoked = (answer: string, error = 'None'): string => `printf '%s' '${answer}' > "\${!#}"; echo ${error}`;

/** The branch for an invocation of the function that a script created. */
export const invoke = (answer: string, error?: string): string => `'lambda invoke'*) ${invoked(answer, error)} ;;`;

/** The branches by which the test instance comes online at the third look. */
export const online = `
  'ec2 describe-subnets'*) echo subnet-0aaa ;;
  *"OutputKey=='Node'"*) echo ${NODE} ;;
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  'ssm describe-instance-information'*) if (($(times online) < 3)); then echo None; else echo Online; fi ;;`;
