import { denied, QUEUE, type Scenario } from './answers.ts';

const redrive = (where: 'q' | 'dlq', task: string): string => `
  *"OutputKey=='Dead'"*) echo ${QUEUE}-dlq ;;
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  *"OutputKey=='DeadArn'"*) echo arn:dlq ;;
  *"OutputKey=='QueueArn'"*) echo arn:q ;;
  'sqs list-message-move-tasks'*) printf '${task}\\n' ;;
  'sqs receive-message'*) if [[ $(option --queue-url) == ${where === 'q' ? QUEUE : `${QUEUE}-dlq`} ]]; then echo probe; else echo None; fi ;;`;

/** The scripts about log groups and queues. */
export const queues: readonly Scenario[] = [
  {
    script: 'filter-pattern.sh',
    title: 'the pattern matches parts of words',
    verdict: 'PROVEN',
    answers: `'logs test-metric-filter'*) printf '1\\t3\\t4\\t6\\n' ;;`,
  },
  {
    script: 'filter-pattern.sh',
    title: 'the pattern matches whole words alone',
    verdict: 'REFUTED',
    answers: `'logs test-metric-filter'*) printf '1\\t6\\n' ;;`,
  },
  {
    script: 'filter-pattern.sh',
    title: 'CloudWatch Logs throttles',
    verdict: 'INCONCLUSIVE',
    answers: `'logs test-metric-filter'*) fail ThrottlingException 'Rate exceeded' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'the class takes no filters',
    verdict: 'PROVEN',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'* | 'logs put-metric-filter'*) fail ValidationException 'This operation is only supported on the Standard log class.' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'it takes a metric filter',
    verdict: 'REFUTED',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'*) fail ValidationException 'This operation is only supported on the Standard log class.' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'a right is missing',
    verdict: 'INCONCLUSIVE',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'*) ${denied('logs:DescribeSubscriptionFilters')} ;;`,
  },
  {
    script: 'redrive.sh',
    title: 'the message stays',
    verdict: 'PROVEN',
    answers: redrive('dlq', 'FAILED\\t0\\tAccessDenied'),
  },
  {
    script: 'redrive.sh',
    title: 'the message moves',
    verdict: 'REFUTED',
    answers: redrive('q', 'COMPLETED\\t1\\tNone'),
  },
  {
    script: 'redrive.sh',
    title: 'the task fails for another reason',
    verdict: 'INCONCLUSIVE',
    answers: redrive('dlq', 'FAILED\\t0\\tInternalError'),
  },
  {
    script: 'redrive.sh',
    title: 'the caller may not redrive',
    verdict: 'INCONCLUSIVE',
    answers: `'sqs start-message-move-task'*) ${denied('sqs:startmessagemovetask')} ;;${redrive('dlq', '')}`,
  },
];
