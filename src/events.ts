/** One piece of a program's output, in the shape that models receive. */
export type OutputItem =
  | { readonly type: 'input_text'; readonly text: string }
  | { readonly type: 'input_image'; readonly image_url: string; readonly detail: ImageDetail }
  | { readonly type: 'input_audio'; readonly audio_url: string };

/** How closely a model should look at an image. */
export type ImageDetail = 'auto' | 'low' | 'high' | 'original';

/** An image detail from untrusted code. Anything invalid becomes `high`. */
export function toDetail(value: unknown): ImageDetail {
  return value === 'auto' || value === 'low' || value === 'original' ? value : 'high';
}

/** Why a program failed. */
export type FailureKind =
  /** The source does not parse, or imports something. */
  | 'syntax'
  /** The program threw. */
  | 'exception'
  /** A limit was exceeded; the text names the limit and its value. */
  | 'limit'
  /** The program used more memory than its limit. */
  | 'memory'
  /** The program waited for a promise that nothing could settle any more. */
  | 'deadlock'
  /** The sandbox that ran the program was lost. */
  | 'lost'
  /** The program was never started: its sandbox could not be started, or was closed. */
  | 'sandbox_failed';

/** How a program failed. */
export interface CellFailure {
  readonly kind: FailureKind;
  /** The text to show to a model: the stack of the error, if there is one. */
  readonly text: string;
  /** Line in the cell, from 1. Set for syntax errors. */
  readonly line?: number;
  /** Column in the line, from 1. Set for syntax errors. */
  readonly column?: number;
}

/** A tool call that has not been answered yet. */
export interface PendingCall {
  /** `tool-1`, `tool-2` … in the order of the calls of one cell. */
  readonly callId: string;
  /** The flat name of the tool. */
  readonly tool: string;
}

/** Why a session has no live cell with that id. */
export type MissingReason =
  /** No cell ever had this id. */
  | 'unknown'
  /** Its completion was already delivered. */
  | 'delivered'
  /** It was already terminated. */
  | 'terminated'
  /** It completed, and newer results displaced its unclaimed result. */
  | 'evicted'
  /** Its sandbox was lost, and that was already reported. */
  | 'lost';

/** The result of waiting for a cell. `items` holds the output since the previous event. */
export type CellEvent =
  | { readonly type: 'yielded'; readonly cellId: string; readonly items: readonly OutputItem[] }
  | {
      readonly type: 'pending';
      readonly cellId: string;
      readonly items: readonly OutputItem[];
      /** The number of this frontier in its cell, from 1; pass it to `resume`. */
      readonly generation: number;
      /** The calls the program waits for, in call order. */
      readonly pendingCalls: readonly PendingCall[];
    }
  | {
      readonly type: 'completed';
      readonly cellId: string;
      readonly items: readonly OutputItem[];
      /** Null if the program ended without an error. */
      readonly failure: CellFailure | null;
      /** Remarks for people, such as an unhandled rejection. */
      readonly notes: readonly string[];
    }
  | { readonly type: 'terminated'; readonly cellId: string; readonly items: readonly OutputItem[] }
  | {
      readonly type: 'missing';
      readonly cellId: string;
      readonly items: readonly [];
      readonly reason: MissingReason;
      /** `exec cell <id> not found`, whatever the reason. */
      readonly message: string;
    };

/** The text or the URL of an item: its length counts against `maxOutputLength`. */
export function textOfItem(item: OutputItem): string {
  switch (item.type) {
    case 'input_text':
      return item.text;
    case 'input_image':
      return item.image_url;
    case 'input_audio':
      return item.audio_url;
  }
}

/** The last event of a cell. */
export type CellEndEvent = Extract<CellEvent, { type: 'completed' | 'terminated' | 'missing' }>;
