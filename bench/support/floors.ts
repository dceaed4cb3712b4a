/** Names of what isolated-vm, or two threads, take with nothing around them: the floors under what is made of them. */
export const USED_ISOLATE = 'isolated-vm, a new context in a used isolate, eval';
export const TO_WORKER_AND_BACK = 'postMessage to a worker and back';
export const CALL_THROUGH_THREAD = 'isolated-vm, 1000 calls in a row through its thread';
