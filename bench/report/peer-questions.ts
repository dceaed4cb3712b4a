/** A picture of all peers, with a panel for each task. */
export interface Question {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly unit: 'ms' | 'MiB';
  /** The task whose figures are the answer, and how the answer begins. */
  readonly lead: string;
  readonly work: string;
  readonly columns: readonly { readonly task: string; readonly label: string }[];
}

/** The pictures of all peers. */
export const QUESTIONS: readonly Question[] = [
  {
    name: 'peers-stop',
    title: 'How long until a stop call is answered?',
    note: 'Milliseconds from the stop call to its answer, median. Left is better. Embedded, cellhost gives callbacks 100 ms to stop.',
    lead: 'stop-stubborn-1000',
    work: 'Stopping 1,000 callbacks that never answer takes',
    unit: 'ms',
    columns: [
      { task: 'stop-busy', label: 'a busy loop' },
      { task: 'stop-cooperative', label: 'a cooperative callback' },
      { task: 'stop-stubborn', label: 'one that never answers' },
      { task: 'stop-stubborn-1000', label: '1,000 that never answer' },
    ],
  },
  {
    name: 'peers-cells',
    title: 'How long does a program take from start to answer?',
    note: 'Milliseconds, median. Left is better.',
    lead: 'cell',
    work: 'A cell that computes 1 + 1 takes',
    unit: 'ms',
    columns: [
      { task: 'start-answer', label: 'first answer after start' },
      { task: 'cell', label: 'one cell, 1 + 1' },
      { task: 'crowd', label: '100 cells at once' },
    ],
  },
  {
    name: 'peers-calls',
    title: 'How long do tool calls take?',
    note: 'Milliseconds for all of them together, median. Left is better.',
    lead: 'row-1000',
    work: '1,000 tool calls in a row take',
    unit: 'ms',
    columns: [
      { task: 'row-1000', label: '1,000 in a row' },
      { task: 'at-once-100', label: '100 at once' },
      { task: 'at-once-1000', label: '1,000 at once' },
      { task: 'at-once-10000', label: '10,000 at once' },
      { task: 'payload', label: '1 MiB there and back' },
    ],
  },
  {
    name: 'peers-memory',
    title: 'How much memory does a live cell hold?',
    note: 'MiB of the whole process tree for each cell that waits for a tool, median. Left is better.',
    lead: 'memory',
    work: 'A cell that waits for a tool holds',
    unit: 'MiB',
    columns: [{ task: 'memory', label: 'memory of a live cell' }],
  },
];
