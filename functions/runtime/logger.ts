import { Logger } from '@aws-lambda-powertools/logger';

/** A log of messages with fields. Powertools' Logger is one. */
export type Log = {
  readonly info: (message: string, fields: Record<string, unknown>) => void;
  readonly warn: (message: string, fields: Record<string, unknown>) => void;
  readonly error: (message: string, fields: Record<string, unknown>) => void;
};

/** The function's logger; service name and level come from `POWERTOOLS_SERVICE_NAME` and `POWERTOOLS_LOG_LEVEL`. */
export const createLogger = (functionName: string): Logger =>
  new Logger({ persistentKeys: { function: functionName } });
