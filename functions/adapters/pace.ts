/**
 * Waits until one more call may be made. It throws where that would take too long, so that SQS or Lambda delivers the
 * input again.
 */
export type Pace = () => Promise<void>;
