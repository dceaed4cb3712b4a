import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDER, referencePages } from './pages.ts';

// Writes the API reference.
const folder = join(fileURLToPath(new URL('../', import.meta.url)), FOLDER);
mkdirSync(folder, { recursive: true });
for (const [name, text] of referencePages()) writeFileSync(join(folder, name), text);
