import { CodeModeError } from '../errors.ts';
import { onAbort } from '../waiting/on-abort.ts';
import type { GuardOptions } from './open-guards.ts';
import type { PendingRouter } from './pending-router.ts';
import type { Registration, Sink, Traffic } from './routed-items.ts';

/** How a thing with an id is created at the peer: a session on a connection, a cell in a session. */
export interface Creation<T extends Traffic, A> {
  /** The id to create it under. Default: the peer chooses. */
  readonly askedId?: string | undefined;
  /** Options of the guard if the peer chooses the id. */
  readonly guard?: GuardOptions<T>;
  /** Receives the items of the new id: at once if `askedId` is set, otherwise right after `accept`. */
  readonly sink: Sink<T>;
  /**
   * Sends the request. Resolves after the answer; rejects if the answer is an error or cannot come.
   *
   * @param onResult Must be called with the result before the peer's next message is read. Does not throw.
   * @param signal Aborts with the caller. The request may be cancelled then, but must still wait for the answer.
   */
  send(onResult: (result: unknown) => void, signal: AbortSignal): Promise<unknown>;
  /** Decodes a result. @throws If the result is malformed. */
  decode(result: unknown): A;
  idOf(answer: A): string;
  /** Finds the new id in a result that `decode` refused, if it is there. */
  findId(result: unknown): string | undefined;
  /** Takes what must be known before the first item from the answer. If it throws, the creation fails. */
  accept?(answer: A): void;
  /** Ends a thing at the peer that is not going to be used. */
  destroy(id: string): Promise<unknown>;
  /** Called if something may live on at the peer: no id was found, or `destroy` failed. */
  onLeak?(id: string | undefined, error: unknown): void;
}

/** What was created. */
export interface Created<T extends Traffic, A> {
  readonly answer: A;
  readonly registration: Registration<T>;
}

/**
 * Creates something at the peer and registers its id, so that no item for it is lost or out of order.
 *
 * Aborting before the answer is registered rejects at once; if the thing is still created, it is
 * destroyed, once. Aborting later changes nothing. If this rejects for another reason, nothing is
 * left registered, and the destruction has ended.
 *
 * @throws The signal's reason; what `send`, `decode` and `accept` fail with; `peer_failed` if the
 * answer has another id than the requested one, or never came; `invalid_argument` if the id is taken,
 * or an earlier attempt to create it has not ended at the peer.
 */
export async function claimCreated<T extends Traffic, A>(
  router: PendingRouter<T>,
  creation: Creation<T, A>,
  signal: AbortSignal,
): Promise<Created<T, A>> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Created<T, A>>();
  const unlink = onAbort(signal, () => reject(signal.reason));
  const { askedId } = creation;
  const creating =
    askedId === undefined
      ? createAssigned(router, creation, resolve, signal)
      : createAsked(router, creation, askedId, resolve, signal);
  creating.catch(reject);
  try {
    return await promise;
  } finally {
    unlink();
  }
}

/** A thing that was created and is not wanted: why, and its id if it is known and must be destroyed. */
interface Orphan {
  readonly id: string | undefined;
  readonly error: unknown;
}

async function createAssigned<T extends Traffic, A>(
  router: PendingRouter<T>,
  creation: Creation<T, A>,
  resolve: (created: Created<T, A>) => void,
  signal: AbortSignal,
): Promise<void> {
  using guard = router.open(creation.guard);
  const orphan = await sendAndJudge(creation, signal, (result) => {
    let id: string | undefined;
    try {
      const answer = creation.decode(result);
      id = creation.idOf(answer);
      signal.throwIfAborted();
      creation.accept?.(answer);
      resolve({ answer, registration: guard.claim(id, creation.sink) });
      return null;
    } catch (error) {
      return { id: id ?? findId(creation, result), error };
    }
  });
  if (orphan === null) return;
  const { id, error } = orphan;
  if (id === undefined) leak(creation, id, error);
  else if (guard.discard(id, error)) await destroy(creation, id);
  throw error;
}

/** By router: requested ids, until the peer has answered and an orphan is destroyed. */
const askedIds = new WeakMap<object, Set<string>>();

/**
 * Reserves an id for one attempt. Another attempt is refused until the first has ended, even if its caller
 * has aborted, because the things that both create at the peer could not be distinguished.
 */
function take(router: object, askedId: string): Disposable {
  const ids = askedIds.get(router) ?? new Set();
  askedIds.set(router, ids);
  if (ids.has(askedId)) {
    const text = `Cannot create ${askedId}: an earlier attempt has not ended at the peer`;
    throw new CodeModeError('invalid_argument', text);
  }
  ids.add(askedId);
  return { [Symbol.dispose]: () => void ids.delete(askedId) };
}

async function createAsked<T extends Traffic, A>(
  router: PendingRouter<T>,
  creation: Creation<T, A>,
  askedId: string,
  resolve: (created: Created<T, A>) => void,
  signal: AbortSignal,
): Promise<void> {
  using _ = take(router, askedId);
  const registration = router.register(askedId, creation.sink);
  const unlink = onAbort(signal, () => registration.release(signal.reason));
  try {
    const orphan = await sendAndJudge(creation, signal, (result) => {
      if (signal.aborted) return { id: askedId, error: signal.reason };
      try {
        const answer = creation.decode(result);
        const id = creation.idOf(answer);
        if (id !== askedId) return strange(creation, askedId, id);
        creation.accept?.(answer);
        unlink();
        resolve({ answer, registration });
        return null;
      } catch (error) {
        return { id: askedId, error };
      }
    });
    if (orphan === null) return;
    registration.release(orphan.error);
    if (orphan.id !== undefined) await destroy(creation, askedId);
    throw orphan.error;
  } catch (error) {
    registration.release(error);
    throw error;
  } finally {
    unlink();
  }
}

/** Sends the request and judges its first result in place. Later errors change nothing. */
async function sendAndJudge<T extends Traffic, A>(
  creation: Creation<T, A>,
  signal: AbortSignal,
  judge: (result: unknown) => Orphan | null,
): Promise<Orphan | null> {
  let verdict: Orphan | null | undefined;
  const onResult = (result: unknown) => {
    if (verdict === undefined) verdict = judge(result);
  };
  try {
    await creation.send(onResult, signal);
  } catch (error) {
    if (verdict === undefined) throw error;
  }
  if (verdict !== undefined) return verdict;
  throw new CodeModeError('peer_failed', 'Cannot create: the peer gave no result');
}

function findId<T extends Traffic, A>(
  creation: Creation<T, A>,
  result: unknown,
): string | undefined {
  try {
    return creation.findId(result);
  } catch {
    return undefined;
  }
}

async function destroy<T extends Traffic, A>(creation: Creation<T, A>, id: string): Promise<void> {
  try {
    await creation.destroy(id);
  } catch (error) {
    leak(creation, id, error);
  }
}

function leak<T extends Traffic, A>(
  creation: Creation<T, A>,
  id: string | undefined,
  error: unknown,
): void {
  try {
    creation.onLeak?.(id, error);
  } catch {
    // The caller gets the error of the creation, not this one.
  }
}

/** A thing under an id that was not requested may belong to another owner, so it is left alone. */
function strange<T extends Traffic, A>(
  creation: Creation<T, A>,
  askedId: string,
  id: string,
): Orphan {
  const text = `Cannot create ${askedId}: the peer answered with ${id}`;
  const error = new CodeModeError('peer_failed', text);
  leak(creation, id, error);
  return { id: undefined, error };
}
