/** Names of what isolated-vm takes alone: the floors under what is made of it. */
export const USED_ISOLATE = 'isolated-vm, a new context in a used isolate, eval';
export const CALL_THROUGH_THREAD = 'isolated-vm, 1000 calls in a row through its thread';
