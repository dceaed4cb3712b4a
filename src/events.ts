/** One piece of what a program showed, in the shape models are given. */
export type OutputItem =
  | { readonly type: 'input_text'; readonly text: string }
  | { readonly type: 'input_image'; readonly image_url: string; readonly detail: ImageDetail }
  | { readonly type: 'input_audio'; readonly audio_url: string };

/** How closely a model should look at an image. */
export type ImageDetail = 'auto' | 'low' | 'high' | 'original';

/** An image detail that was sent from where nothing may be trusted. Default: `high`. */
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
  /** The sandbox that ran the program was lost. */
  | 'lost'
  /** The program was never started: its sandbox could not be started, or was closed. */
  | 'sandbox_failed';

/** How a program failed. */
export interface CellFailure {
  readonly kind: FailureKind;
  /** The text a model is shown: the stack of the error where there is one. */
  readonly text: string;
  /** First line of the cell is 1. Set for syntax errors. */
  readonly line?: number;
  /** First column of a line is 1. Set for syntax errors. */
  readonly column?: number;
}

/** A tool call whose answer has not come yet. */
export interface PendingCall {
  /** `tool-1`, `tool-2` … in the order of the calls of one cell. */
  readonly callId: string;
  /** The flat name of the tool. */
  readonly tool: string;
}

/** Why a session knows no live cell of that id. */
export type MissingReason =
  /** No cell ever had this id. */
  | 'unknown'
  /** Its completion was delivered before. */
  | 'delivered'
  /** It was terminated before. */
  | 'terminated'
  /** It completed, its result was not claimed, and newer results took its place. */
  | 'evicted'
  /** Its sandbox was lost, and that was reported before. */
  | 'lost';

/** The result of waiting for a cell. Items are those produced since the previous event. */
export type CellEvent =
  | { readonly type: 'yielded'; readonly cellId: string; readonly items: readonly OutputItem[] }
  | {
      readonly type: 'pending';
      readonly cellId: string;
      readonly items: readonly OutputItem[];
      /** Counts the frontiers of one cell from 1; hand it to `resume`. */
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
