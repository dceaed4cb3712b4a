import { fileURLToPath } from 'node:url';

/** The folder of this project, which programs must never see. */
export const PROJECT_FOLDER = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Source of a pattern for text that reveals something about the host. */
export const HOST_TEXT = `${RegExp.escape(PROJECT_FOLDER)}|file:|node:|isolated-vm`;
