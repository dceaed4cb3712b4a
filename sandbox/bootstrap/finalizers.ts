import type { Bridge } from './bridge-types.ts';
import type { Intrinsics } from './intrinsics.ts';

/**
 * Tells the host once that a program registers an object with a `FinalizationRegistry`: its callback
 * is the only thing that V8 may still run when the program is over.
 *
 * Uses nothing from outside itself.
 */
export function watchFinalizers(k: Intrinsics, bridge: Bridge): void {
  const { prototype } = FinalizationRegistry;
  const { register } = prototype;
  let isTold = false;
  // Without a prototype: a trap that a program adds to it would be handed the function behind.
  const handler = k.create(null) as ProxyHandler<typeof register>;
  handler.apply = (_, registry, values) => {
    // Tells before it notes that it has told, because telling may run out of stack.
    if (!isTold) bridge.up('lasting');
    isTold = true;
    return k.apply(register, registry, values);
  };
  prototype.register = new k.Proxy(register, handler);
}
