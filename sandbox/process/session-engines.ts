const NONE: ReadonlySet<never> = new Set<never>();

/** Which sessions hold which processes. The cost of a look-up does not depend on the number of sessions. */
export class SessionEngines<Engine> {
  readonly #engines = new Map<symbol, Set<Engine>>();
  readonly #sessions = new Map<Engine, Set<symbol>>();

  /** Sessions that hold a process. */
  get sessions(): readonly symbol[] {
    return [...this.#engines.keys()];
  }

  of(session: symbol): ReadonlySet<Engine> {
    return this.#engines.get(session) ?? NONE;
  }

  /** Whether several sessions hold this process. */
  isShared(engine: Engine): boolean {
    return (this.#sessions.get(engine)?.size ?? 0) > 1;
  }

  /** A session holds this process from now on. */
  hold(session: symbol, engine: Engine): void {
    addTo(this.#engines, session, engine);
    addTo(this.#sessions, engine, session);
  }

  /** A session no longer holds any process. */
  release(session: symbol): void {
    for (const engine of this.of(session)) deleteFrom(this.#sessions, engine, session);
    this.#engines.delete(session);
  }

  /** No session holds this process any more. */
  free(engine: Engine): void {
    for (const session of this.#sessions.get(engine) ?? NONE) {
      deleteFrom(this.#engines, session, engine);
    }
    this.#sessions.delete(engine);
  }
}

function addTo<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function deleteFrom<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  values?.delete(value);
  if (values?.size === 0) map.delete(key);
}
