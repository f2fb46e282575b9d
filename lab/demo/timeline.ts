import * as z from 'zod';
import type { LabEvent } from '../aws/lab-event.ts';

/** The steps from the log line to the recorded result, in their usual order. */
export const HOPS = [
  ['logged', 'runtime logs the error'],
  ['classified', 'log-classifier emits Node Symptom'],
  ['queued', 'signal-intake writes the pending node'],
  ['sent', 'run-controller calls SendCommand'],
  ['started', 'document starts on the node'],
  ['ended', 'document finishes'],
  ['recorded', 'command-tracker records the result'],
  ['pod', 'pod sandbox starts'],
] as const;
/** One step of a timeline. */
export type Hop = (typeof HOPS)[number][0];

/** When a node reached each step for the first time, in epoch milliseconds of the lab's clock. */
export type Timeline = Partial<Record<Hop, number>>;

const LogRecord = z.object({ ec2_instance_id: z.string() });
const Symptom = z.object({ instanceId: z.string() });
/** Fields of log lines; messages may be reworded. */
const QueuedLog = z.object({ instanceId: z.string(), lane: z.string() });
const RecordedLog = z.object({ commandId: z.string(), runId: z.string() });

const parse = <S extends z.ZodType>(schema: S, text: string): z.output<S> | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // Node logs and platform lines of Lambda may be plain text.
    return undefined;
  }
};

/** Collects the timelines of nodes from the events of the lab. */
export const createTimelines = (onHop: (instanceId: string, hop: Hop, at: number) => void) => {
  const timelines = new Map<string, Timeline>();
  const commands = new Map<string, readonly string[]>();
  const mark = (instanceId: string, hop: Hop, at: number): void => {
    const timeline = timelines.get(instanceId) ?? {};
    if (timeline[hop] !== undefined) return;
    timelines.set(instanceId, { ...timeline, [hop]: at });
    onHop(instanceId, hop, at);
  };
  const listen = (event: LabEvent): void => {
    switch (event.kind) {
      case 'log-line': {
        const id = parse(LogRecord, event.message)?.ec2_instance_id;
        if (id !== undefined && /sandbox/i.test(event.message) && /error/i.test(event.message))
          mark(id, 'logged', event.at);
        return;
      }
      case 'event': {
        const id = event.detailType === 'Node Symptom' ? Symptom.safeParse(event.detail).data?.instanceId : undefined;
        if (id !== undefined) mark(id, 'classified', event.at);
        return;
      }
      case 'function-log': {
        if (event.functionName.endsWith('-signal-intake')) {
          const queued = parse(QueuedLog, event.line);
          if (queued !== undefined) mark(queued.instanceId, 'queued', event.at);
        }
        if (event.functionName.endsWith('-command-tracker'))
          for (const id of commands.get(parse(RecordedLog, event.line)?.commandId ?? '') ?? [])
            mark(id, 'recorded', event.at);
        return;
      }
      case 'command-sent':
        // Checks are no step of a repair.
        if (!event.documentName.includes('-repair-')) return;
        commands.set(event.commandId, event.instanceIds);
        for (const id of event.instanceIds) mark(id, 'sent', event.at);
        return;
      case 'node-start':
        if (commands.has(event.commandId)) mark(event.instanceId, 'started', event.at);
        return;
      case 'node-end':
        if (commands.has(event.commandId)) mark(event.instanceId, 'ended', event.at);
        return;
      default:
        return;
    }
  };
  return { listen, mark, of: (instanceId: string): Timeline => timelines.get(instanceId) ?? {} };
};
