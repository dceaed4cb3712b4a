/** What a host has heard and told of one cell. */
export interface CellStanding {
  /** The client knows the cell. */
  readonly isAnnounced: boolean;
  /** No callback of it runs any more. */
  readonly isEnded: boolean;
  /** Its end was delivered, or cannot be any more. */
  readonly isRetired: boolean;
  /** The client was told that it is closed. */
  readonly isTold: boolean;
  /** Answers about it that have not gone out. */
  readonly owed: number;
}

/** What happens to a cell, as its host sees it. */
export type CellNews = 'announced' | 'ended' | 'retired' | 'owed' | 'paid';

/** What comes of it. */
export interface CellStep {
  /** Null where nothing more can come of the cell, so that it need not be remembered. */
  readonly next: CellStanding | null;
  /** Whether the client is to be told now that the cell is closed. */
  readonly tellsClosed: boolean;
}

/** A cell of which nothing is known. */
export const NEW_CELL: CellStanding = {
  isAnnounced: false,
  isEnded: false,
  isRetired: false,
  isTold: false,
  owed: 0,
};

/**
 * Decides when a cell is said to be closed, once, in whatever order the news come. A client of our
 * own hears it when no callback runs any more, one of version 1 behind every answer about the cell.
 */
export function stepOfCell(standing: CellStanding, news: CellNews, own: boolean): CellStep {
  const heard = hear(standing, news);
  const isQuiet = heard.isAnnounced && heard.isEnded;
  const isOver = isQuiet && heard.isRetired && heard.owed === 0;
  const tellsClosed = !heard.isTold && (own ? isQuiet : isOver);
  return { next: isOver ? null : { ...heard, isTold: heard.isTold || tellsClosed }, tellsClosed };
}

function hear(standing: CellStanding, news: CellNews): CellStanding {
  switch (news) {
    case 'announced':
      // Its first event is owed from here on.
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
