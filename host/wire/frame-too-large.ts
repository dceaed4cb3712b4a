import { CodeModeError } from '../../src/errors.ts';
import { MAX_FRAME_BYTES } from './framing.ts';

/** The error for a message that is too large for a frame. */
export class FrameTooLargeError extends CodeModeError {
  constructor(bytes: number) {
    super('limit_exceeded', `code-mode IPC frame length ${bytes} exceeds ${MAX_FRAME_BYTES} bytes`);
  }
}
