import type { ProgramTool } from '../../src/sandbox.ts';

/** The tools that a sandbox process knows, so that they are only sent when they change. */
export class SentTools {
  readonly #send: (json: string) => void;
  #json = '[]';
  #sent: readonly ProgramTool[] | null = null;

  constructor(send: (json: string) => void) {
    this.#send = send;
  }

  send(tools: readonly ProgramTool[]): void {
    if (tools === this.#sent) return;
    this.#sent = tools;
    const json = JSON.stringify(tools);
    if (json === this.#json) return;
    this.#json = json;
    this.#send(json);
  }
}
