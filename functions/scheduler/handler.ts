import middy from '@middy/core';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeScheduler } from './compose.ts';
import { tick } from './tick.ts';

const telemetry = createTelemetry('scheduler');
const ports = composeScheduler(telemetry);

/** scheduler: wakes the groups that are due, reads overdue commands from SSM, and starts the sweeps. */
export const handler = middy<unknown, void>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event, context) => tick(ports, event, () => context.getRemainingTimeInMillis()));
