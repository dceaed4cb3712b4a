import { parentPort } from 'node:worker_threads';

// The other side of the `postMessage` baseline: sends back what it gets.
parentPort?.on('message', (message: unknown) => parentPort?.postMessage(message));
