/** What a host knows about one cell, and what it has told its client. */
export interface CellStanding {
  /** The client knows the cell. */
  readonly isAnnounced: boolean;
  /** All its callbacks have ended. */
  readonly isEnded: boolean;
  /** Its end was delivered, or can no longer be requested. */
  readonly isRetired: boolean;
  /** The client was notified that it is closed. */
  readonly isTold: boolean;
  /** Answers about it that have not been sent. */
  readonly owed: number;
}

/** What happens to a cell, as its host sees it. */
export type CellNews = 'announced' | 'ended' | 'retired' | 'owed' | 'paid';

/**
 * When a client is notified that a cell is closed.
 *
 * - `callbacks-over`: as soon as all its callbacks have ended.
 * - `answers-sent`: after every answer about the cell. A cell that the client did not start is not
 *   mentioned.
 */
export type ClosedRule = 'callbacks-over' | 'answers-sent';

/** The result of one piece of news. */
export interface CellStep {
  /** Null when nothing more can happen to the cell, so it need not be remembered. */
  readonly next: CellStanding | null;
  /** Whether to notify the client now that the cell is closed. */
  readonly tellsClosed: boolean;
}

/** A cell without any news yet. */
export const NEW_CELL: CellStanding = {
  isAnnounced: false,
  isEnded: false,
  isRetired: false,
  isTold: false,
  owed: 0,
};

/** Decides when to report that a cell is closed: once, in whatever order its news arrive. */
export function stepOfCell(standing: CellStanding, news: CellNews, rule: ClosedRule): CellStep {
  const heard = hear(standing, news);
  const isQuiet = heard.isAnnounced && heard.isEnded;
  const isOver = isQuiet && heard.isRetired && heard.owed === 0;
  const tellsClosed = !heard.isTold && (rule === 'callbacks-over' ? isQuiet : isOver);
  return { next: isOver ? null : { ...heard, isTold: heard.isTold || tellsClosed }, tellsClosed };
}

function hear(standing: CellStanding, news: CellNews): CellStanding {
  switch (news) {
    case 'announced':
      // From here on its first event is owed.
      return { ...standing, isAnnounced: true, owed: standing.owed + 1 };
    case 'ended':
      return { ...standing, isEnded: true };
    case 'retired':
      return { ...standing, isRetired: true };
    case 'owed':
      return { ...standing, owed: standing.owed + 1 };
    case 'paid':
      return { ...standing, owed: standing.owed - 1 };
  }
}
