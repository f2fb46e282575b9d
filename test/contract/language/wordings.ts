/** A wording that texts of this repository do not use. */
export type Wording = {
  readonly pattern: RegExp;
  /** The wording to use. */
  readonly instead: string;
  readonly reason: string;
  /** A text that the pattern matches. */
  readonly hit: string;
  /** A text that it does not match. */
  readonly miss: string;
};

/** The start of a sentence: of a comment, a string, a list item, or after a full stop. */
const START = String.raw`(?:^|[.:;] |\*\* |// |# |- |\| |['"\x60])`;
const VERB = '(?:is|are|was|were|has|stays?|goes|comes?|must|may|can|becomes?|leads?|counts?|waits?)';

/** Wordings that have a plain or a standard equivalent. Patterns match single lines. */
export const WORDINGS: readonly Wording[] = [
  {
    pattern: /\bmend(?:s|ed|ing|able|er)?\b/i,
    instead: 'repair',
    reason: 'the glossary has one term',
    hit: 'the node was mended',
    miss: 'recommended, amend',
  },
  {
    pattern: /(?<!\bmethod: ')\brungs?\b/i,
    instead: 'method',
    reason: 'the glossary has one term',
    hit: 'the first rung',
    miss: "the name in records of version 1 is an exception: method: 'rung'",
  },
  {
    pattern: /λ/,
    instead: 'the name of the function',
    reason: 'people search for the name',
    hit: 'λ intake',
    miss: 'signal-intake',
  },
  {
    pattern: /mailbox/i,
    instead: 'pending nodes',
    reason: 'the glossary has one term',
    hit: 'rows leave the mailbox',
    miss: 'inbox',
  },
  { pattern: /\banew\b/i, instead: 'again', reason: 'archaic', hit: 'starts anew', miss: 'a new node' },
  {
    pattern: /\bheed(?:s|ed|ing)?\b/i,
    instead: 'honour, follow',
    reason: 'archaic',
    hit: 'it heeds a pin',
    miss: 'the header',
  },
  {
    pattern: /\btakes? notice\b/i,
    instead: 'register, detect',
    reason: 'a program does not take notice',
    hit: 'the CRI takes no notice, or takes notice',
    miss: 'a notice is sent',
  },
  {
    pattern: /\bold news\b/i,
    instead: 'stale pending node, stale signal',
    reason: 'the glossary has a term',
    hit: 'old news',
    miss: 'an old node',
  },
  {
    pattern: /\b(?:has|have|had) gone\b/i,
    instead: 'is missing, was deleted, was removed',
    reason: 'say what happened',
    hit: 'the image has gone',
    miss: 'is Gone',
  },
  {
    pattern: /\bnothing is done\b/i,
    instead: 'ignoring …, fleetmend does not act',
    reason: 'name the actor and the decision',
    hit: 'nothing is done',
    miss: 'nothing is sent',
  },
  {
    pattern: new RegExp(`${START}Who (?!.*\\?)`),
    instead: 'The caller …, Every function …',
    reason: 'a relative clause is no subject',
    hit: 'Who learns something writes a row.',
    miss: 'Who may call it?',
  },
  {
    pattern: new RegExp(
      `${START}What (?:is|are|was|were|has|have|can|could|may|must|did|does|cannot|only)\\b(?!.*\\?)[^.\\n]* ${VERB}\\b`,
    ),
    instead: 'a noun: The rest is …',
    reason: 'a relative clause is no subject',
    hit: 'What could not be removed is named.',
    miss: 'What is a lane? It is a queue.',
  },
  {
    pattern: /\b(?:the|this) design(?:'s\b|,|;|\)| fixes| says| gives| asks| wants)|\(design\b/i,
    instead: 'a page below docs/, or a public URL',
    reason: 'comments cite what a reader of the repository can open',
    hit: 'see the design, section 6',
    miss: 'by design',
  },
  {
    pattern: /(?:\/\/|\*|#).*\(facts\b|\bfacts[,:]? (?:sections?|containerd|")/i,
    instead: 'a page below docs/, or a public URL',
    reason: 'comments cite what a reader of the repository can open',
    hit: 'as the AMI has it (facts, section 4.1)',
    miss: 'decideNode(facts, { action })',
  },
  {
    pattern: /\b(?:say|says|said) of\b/i,
    instead: 'say about, report for',
    reason: 'say takes about',
    hit: 'what SSM says of it',
    miss: 'what SSM says about it',
  },
  {
    pattern: /\btells\b(?! apart\b)/i,
    instead: 'reports, shows, distinguishes',
    reason: 'programs do not tell',
    hit: 'the file tells which one',
    miss: 'the report lists it',
  },
  {
    pattern: /\bhears\b|\bheard\b/i,
    instead: 'receives, detects',
    reason: 'programs do not hear',
    hit: 'EventBridge hears them',
    miss: 'EventBridge receives them',
  },
  {
    pattern: /\bspeaks?\b/i,
    instead: 'supports, uses, reports',
    reason: 'programs do not speak',
    hit: 'failures that speak against the repair',
    miss: 'the speaker',
  },
  {
    pattern:
      /\b(?:lab|runner|SSM|EC2|EKS|fleetmend|kubelet|containerd|script|function|simulator|X-Ray|service) knows\b/,
    instead: 'supports, has, stores',
    reason: 'programs do not know',
    hit: 'the lab knows no attribute',
    miss: 'everybody knows',
  },
  {
    pattern: /\b(?:somebody|nobody) (?:listens|settles|writes|talks)\b/i,
    instead: 'another process',
    reason: 'name the actor',
    hit: 'somebody listens on the socket',
    miss: 'nobody released it',
  },
  {
    pattern: /\b(?:go|goes|went|come|comes|came) again\b/i,
    instead: 'is deleted again, is redelivered, recurs',
    reason: 'say what happens',
    hit: 'so it may go again',
    miss: 'runs again',
  },
  {
    pattern: /\bcomes? of (?:alarms|it)\b|\bnothing comes of\b/i,
    instead: 'is ignored, leads to nothing',
    reason: 'archaic',
    hit: 'Nothing comes of alarms in OK',
    miss: 'comes from',
  },
  {
    pattern: /\bwhere nothing (?:else )?is said\b/i,
    instead: 'by default',
    reason: 'the standard term',
    hit: 'running, where nothing else is said',
    miss: 'nothing is sent',
  },
  {
    pattern: /\bwhat (?:came|becomes?|became|comes) of\b/i,
    instead: 'the result of',
    reason: 'a plain noun',
    hit: 'What came of an invocation',
    miss: 'the result becomes final',
  },
  {
    pattern: /\blooks? after\b/i,
    instead: 'manages',
    reason: 'the standard term',
    hit: 'the stack looks after a cluster',
    miss: 'looks at the cluster after a change',
  },
  {
    pattern: /\bside by side\b/i,
    instead: 'in parallel',
    reason: 'the standard term',
    hit: 'nodes boot side by side',
    miss: 'the other side',
  },
  {
    pattern: /\bin the midst\b/i,
    instead: 'during',
    reason: 'archaic',
    hit: 'in the midst of a run',
    miss: 'in the middle',
  },
  {
    pattern: /\bcan not\b(?! be combined with other filter types)/i,
    instead: 'cannot',
    reason: 'spelling',
    hit: 'a check can not end Repaired',
    miss: 'a check cannot end Repaired',
  },
];
