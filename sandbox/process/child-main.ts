import { SandboxProcess } from './child.ts';
import { ChildPipe } from './child-pipe.ts';
import { ENDS_WITH_HOST } from './end-with-parent.ts';
import { giveUpPermissions } from './give-up-permissions.ts';
import { rehearse } from './rehearsal.ts';

/** What a sandbox process keeps of its compiled code for later ones. */
export interface KeptCode {
  /** Whether this process has the time to compile what is missing before it serves. */
  readonly hasTime: boolean;
  /** Whether something is missing that could be kept. */
  readonly lacks: () => boolean;
  /** A script of that name, with the code that was kept for it. */
  readonly script: (name: string) => KeptScript | undefined;
  readonly keepScript: (name: string, text: string, code: Uint8Array) => void;
  /** Keeps the code of what has run by now. */
  readonly keep: () => void;
}

interface KeptScript {
  readonly text: string;
  readonly code: Uint8Array;
}

const NOTHING_KEPT: KeptCode = {
  hasTime: false,
  lacks: () => false,
  script: () => undefined,
  keepScript: () => {},
  keep: () => {},
};

/** The descriptor of the pipe to the host. */
const PIPE = 3;
const HELPERS = ['bootstrap', 'settled'];
/** A rehearsal that takes longer is of no use, in milliseconds. */
const REHEARSAL_MS = 2_000;

/**
 * Runs programs for the host, as one process. In a spare for which no code was kept, programs of our
 * own run first, so that what all programs need is compiled, and can be kept as long as it may write.
 */
export function main(kept: KeptCode = NOTHING_KEPT): void {
  if (kept.hasTime && kept.lacks()) void prepare(kept).finally(() => serve(kept));
  else serve(kept);
}

async function prepare(kept: KeptCode): Promise<void> {
  const { keep, keepScript: made } = kept;
  if (await rehearse({ find: () => null, made }, REHEARSAL_MS)) keep();
}

function serve(kept: KeptCode): void {
  const find = readHelpers(kept);
  giveUpPermissions();
  new SandboxProcess({
    pipe: (events) => new ChildPipe(PIPE, events),
    helperCode: { find },
    lacksCode: kept.lacks(),
    endsWithHost: process.argv.includes(ENDS_WITH_HOST),
  });
}

/** Reads what was kept of the helpers now, for later: a script whose text is another one is not found. */
export function readHelpers({ script }: Pick<KeptCode, 'script'>) {
  const helpers = new Map(HELPERS.map((name) => [name, script(name)]));
  return (name: string, text: string): Uint8Array | null => {
    const helper = helpers.get(name);
    return helper?.text === text ? helper.code : null;
  };
}
