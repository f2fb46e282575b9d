import * as z from 'zod';
import { classify, LINE_KINDS } from '../functions/core/classify.ts';

/** Longer input lines are refused: CloudWatch Logs takes events of 1 MB, which JSON may write six times as long. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

const Input = z.object({ text: z.string(), kind: z.enum(LINE_KINDS).nullish() });

/** What goes out for one line that came in, and what is wrong with that line. */
type Answer = { readonly line: string; readonly complaint?: string };

const NOTHING = JSON.stringify({ reason: null, image: null });

const answer = (input: string): Answer => {
  let json: unknown;
  try {
    json = JSON.parse(input);
  } catch {
    return { line: NOTHING, complaint: 'it is no JSON' };
  }
  const parsed = Input.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { line: NOTHING, complaint: `field ${issue?.path.join('.') || '(line)'}: ${issue?.message ?? 'invalid'}` };
  }
  const found = classify(parsed.data.text, parsed.data.kind ?? undefined);
  return { line: JSON.stringify({ reason: found?.reason ?? null, image: found?.image ?? null }) };
};

/**
 * Lines of a stream, parted by line feeds alone: JSON text may hold the other line separators of Unicode. A line over
 * the limit is given as undefined, and not kept.
 */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let isOver = false;
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    rest += isOver ? '' : first;
    for (const next of others) {
      yield isOver || rest.length > MAX_LINE_CHARACTERS ? undefined : rest;
      isOver = false;
      rest = next;
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      isOver = true;
      rest = '';
    }
  }
  rest += decoder.decode();
  if (rest !== '' || isOver) yield isOver ? undefined : rest;
}

/**
 * `npm run -s classify`: log lines in, one JSON object a line; one JSON object a line out, in the same order. A line
 * that is none is named on standard error, is answered like one that says nothing, and makes the exit code 1.
 */
const run = async (): Promise<number> => {
  let number = 0;
  let bad = 0;
  for await (const line of linesOf(process.stdin)) {
    number++;
    const { line: out, complaint } =
      line === undefined
        ? { line: NOTHING, complaint: `it is longer than ${MAX_LINE_CHARACTERS} characters` }
        : answer(line.replace(/\r$/, ''));
    if (complaint !== undefined) {
      bad++;
      process.stderr.write(`classify: line ${number}: ${complaint}; give {"text": "…", "kind": "kubelet"}\n`);
    }
    if (!process.stdout.write(`${out}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  return bad === 0 ? 0 : 1;
};

// `classify | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await run();
