import { fileURLToPath } from 'node:url';

/** The folder this project stands in: programs must never see it. */
export const PROJECT_FOLDER = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Source of a pattern for text that tells something of the host. */
export const HOST_TEXT = `${RegExp.escape(PROJECT_FOLDER)}|file:|node:|isolated-vm`;
