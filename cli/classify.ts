import * as z from 'zod';
import { describeIssue } from '../core/model/issue.ts';
import { LINE_KINDS } from '../core/model/log-lines.ts';
import { readWords } from '../infra/words.mjs';
import { classify } from '../ssm-documents/classify.ts';

/** Longer input lines are refused: CloudWatch Logs takes events of 1 MB, which JSON may write six times as long. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

const Kind = z.enum(LINE_KINDS).nullish();
const Input = z.object({ text: z.string(), kind: z.unknown().optional() });

/** The output for one input line, and its problem; `isBad`: the line was not classified. */
type Answer = { readonly line: string; readonly complaint?: string; readonly isBad?: true };

const NOTHING = JSON.stringify({ reason: null, image: null });

const bad = (complaint: string): Answer => ({ line: NOTHING, complaint, isBad: true });

const answer = (input: string): Answer => {
  if (input.trim() === '') return { line: NOTHING };
  let json: unknown;
  try {
    json = JSON.parse(input);
  } catch {
    return bad('it is not JSON');
  }
  const parsed = Input.safeParse(json);
  if (!parsed.success) {
    return bad(`${describeIssue(parsed.error, '(line)')}`);
  }
  const kind = Kind.safeParse(parsed.data.kind);
  const found = classify(parsed.data.text, kind.data ?? undefined);
  return {
    line: JSON.stringify({ reason: found?.reason ?? null, image: found?.image ?? null }),
    // The text alone is enough to classify a line.
    ...(kind.success ? {} : { complaint: `its kind is none of ${LINE_KINDS.join(', ')}, and was left out` }),
  };
};

/** A line that is not complete yet; undefined once it is over the limit, so that it is not kept. */
type Rest = string | undefined;

const append = (rest: Rest, text: string): Rest =>
  rest === undefined || rest.length + text.length > MAX_LINE_CHARACTERS ? undefined : rest + text;

/**
 * The lines of a stream, separated by line feeds alone: JSON text may contain the other line separators of Unicode. A line
 * over the limit is undefined.
 */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder();
  let rest: Rest = '';
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    rest = append(rest, first);
    for (const next of others) {
      yield rest;
      rest = append('', next);
    }
  }
  rest = append(rest, decoder.decode());
  if (rest !== '') yield rest;
}

/**
 * `npm run -s classify`: reads one JSON object a line and writes one JSON object a line, in the same order, also for blank
 * lines. A line that is no such object is reported on standard error, is answered with null, and makes the exit code 1. An
 * unknown kind is reported too, and the text is classified without it.
 */
const run = async (): Promise<number> => {
  let number = 0;
  let badLines = 0;
  for await (const line of linesOf(process.stdin)) {
    number++;
    const given =
      line === undefined ? bad(`it is longer than ${MAX_LINE_CHARACTERS} characters`) : answer(line.replace(/\r$/, ''));
    const { line: out, complaint, isBad } = given;
    if (isBad === true) badLines++;
    if (complaint !== undefined) {
      process.stderr.write(`classify: line ${number}: ${complaint}; give {"text": "…", "kind": "kubelet"}\n`);
    }
    if (!process.stdout.write(`${out}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  return badLines === 0 ? 0 : 1;
};

readWords(`usage: npm run -s classify < LINES
Reads one JSON object a line, {"text": "…", "kind": "kubelet"}, and writes one a line: {"reason": "…", "image": "…"}.
kind is one of ${LINE_KINDS.join(', ')}; without it the text alone is classified.`);
// `classify | head` closes the pipe early: this is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await run();
