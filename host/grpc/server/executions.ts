/** A cell as its client knows it. */
export interface Execution {
  /** The id that the client chose. */
  readonly id: string;
  readonly cellId: string;
  /** The id that notifications carry. */
  readonly toolCallId: string;
  /** The sequence of its last tool call; 0 before the first. */
  lastSequence: number;
}
