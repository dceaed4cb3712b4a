import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BUNDLE } from '../web-globals/bundle.ts';
import { ROOT } from './parts.ts';
import { bundlePrograms } from './programs.ts';

// Adds to the compiled package, whose folder may be named, what the compiler does not make.
const dist = resolve(process.argv[2] ?? 'dist');
copyFileSync(join(ROOT, BUNDLE), join(dist, BUNDLE));
await bundlePrograms(dist);
