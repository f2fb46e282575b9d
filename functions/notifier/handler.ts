import middy from '@middy/core';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeNotifier } from './compose.ts';
import { notify } from './notify.ts';

const telemetry = createTelemetry('notifier');
const ports = composeNotifier(telemetry);

/** notifier: turns fleetmend's own events into messages for people, and sends the weekly digest. */
export const handler = middy<unknown, void>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => notify(ports, event));
