import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUNDLE, bundleWebGlobals } from './bundle.ts';

// Writes the script of the web globals.
writeFileSync(fileURLToPath(new URL(`../${BUNDLE}`, import.meta.url)), await bundleWebGlobals());
