import * as z from 'zod';
import type { LabEvent } from '../aws/lab-event.ts';

/** What a node's way from the log line to the result is made of, in its order. */
export const HOPS = [
  ['logged', 'the runtime logs its error'],
  ['heard', 'log-classifier puts a Node Symptom'],
  ['filed', 'signal-intake writes the pending row'],
  ['sent', 'run-controller calls SendCommand'],
  ['started', 'the document starts on the node'],
  ['ended', 'the document ends'],
  ['recorded', 'command-tracker has written the result'],
  ['pod', 'a pod sandbox starts'],
] as const;
/** One step of the way. */
export type Hop = (typeof HOPS)[number][0];

/** When each hop of a node was reached, epoch milliseconds of the lab's clock; the first time counts. */
export type Timeline = Partial<Record<Hop, number>>;

const LogRecord = z.object({ ec2_instance_id: z.string() });
const Symptom = z.object({ instanceId: z.string() });
const FunctionLog = z.object({
  message: z.string(),
  instanceId: z.string().optional(),
  commandId: z.string().optional(),
});

const parse = <S extends z.ZodType>(schema: S, text: string): z.output<S> | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // A line that is not JSON is not one of ours.
    return undefined;
  }
};

/** Collects the timelines of nodes from what happens in the lab. */
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
        if (id !== undefined) mark(id, 'heard', event.at);
        return;
      }
      case 'function-log': {
        const line = parse(FunctionLog, event.line);
        if (line?.message === 'signal' && line.instanceId !== undefined) mark(line.instanceId, 'filed', event.at);
        if (line?.message === 'results')
          for (const id of commands.get(line.commandId ?? '') ?? []) mark(id, 'recorded', event.at);
        return;
      }
      case 'command-sent':
        // A check that a hint has led to is no step of the repair's way.
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
