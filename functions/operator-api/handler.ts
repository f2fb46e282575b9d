import middy from '@middy/core';
import type { Answer } from '../../core/api/refusal.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { type OperatorAnswer, remediate } from './act.ts';
import { invocationOf } from './author.ts';
import { composeOperatorApi } from './compose.ts';

const telemetry = createTelemetry('operator-api');
const ports = composeOperatorApi(telemetry);

/** operator-api: every human action, called by the CLI, the console and the dashboard's buttons. */
export const handler = middy<unknown, Answer<OperatorAnswer>>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event, context) => {
    const remainingMs = () => context.getRemainingTimeInMillis();
    return remediate({ ...ports, remainingMs }, invocationOf(context), event);
  });
