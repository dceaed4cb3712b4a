import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

interface Saying {
  readonly session: number;
  /** Whether it carries a token. */
  readonly tells: boolean;
}

type Move =
  | ({ readonly type: 'note' | 'closed' } & Saying)
  | ({ readonly type: 'answer' } & Saying)
  /** Earlier messages arrive; later ones come in another chunk. */
  | { readonly type: 'turn' };

const session = fc.nat(2);
const tells = fc.boolean();
const MOVES = fc.array(
  fc
    .tuple(fc.constantFrom('note', 'note', 'closed', 'closed', 'answer', 'turn'), session, tells)
    .map(
      ([type, of, says]): Move => (type === 'turn' ? { type } : { type, session: of, tells: says }),
    ),
  { maxLength: 60 },
);

/** Three sessions that a host creates, and its messages about them. */
class Play {
  readonly delegates = Array.from({ length: 3 }, () => new ScriptedDelegate());
  readonly said: string[][] = [[], [], []];
  readonly #host: ScriptedHost;
  readonly #answered = new Set<number>();
  #count = 0;

  constructor(host: ScriptedHost) {
    this.#host = host;
  }

  async play(move: Move): Promise<void> {
    if (move.type === 'turn') return settled();
    const { session: of } = move;
    const { id, request } = this.#host.asked[of]!;
    if (move.type === 'answer') {
      if (!this.#answered.has(of)) this.#host.created(id, `s${of}`);
      this.#answered.add(of);
      return;
    }
    this.#count += 1;
    const name = `${move.type} ${this.#count}`;
    this.said[of]!.push(name);
    const fields = move.tells ? { token: request.token } : {};
    if (move.type === 'note') this.#host.notify(`s${of}`, 'notes', name, fields);
    else this.#host.cellClosed(`s${of}`, name);
  }

  get notes(): number {
    return this.said.flat().filter((name) => name.startsWith('note')).length;
  }
}

describe("Messages about sessions around a host's answers", () => {
  it('reach each session once and in order, and every request is answered once', async () => {
    await fc.assert(
      fc.asyncProperty(MOVES, async (moves) => {
        const [here, there] = memoryTransports();
        const host = new ScriptedHost(there);
        const client = await HostClient.connect(here);
        const play = new Play(host);
        const created = play.delegates.map((delegate) => client.createSession({ delegate }));
        await host.until(() => host.asked.length === 3);
        for (const move of moves) await play.play(move);
        for (let of = 0; of < 3; of += 1)
          await play.play({ type: 'answer', session: of, tells: false });
        await Promise.all(created);
        await host.until(() => host.answers.length === play.notes);
        for (const [of, delegate] of play.delegates.entries()) {
          const said = play.said[of]!;
          const closed = said.filter((name) => name.startsWith('closed'));
          for (const name of closed) await delegate.saw(`${name} closed`);
          const notes = delegate.notifications.map(({ text }) => text);
          assert.deepEqual(
            notes,
            said.filter((name) => name.startsWith('note')),
          );
          const heard = delegate.log.filter((entry) => entry.startsWith('closed'));
          assert.deepEqual(
            heard,
            closed.map((name) => `${name} closed`),
          );
        }
        const ids = host.answers.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        host.destroy();
        await client.ended;
      }),
      { numRuns: 300 },
    );
  });
});
