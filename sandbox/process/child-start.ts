import { main } from './child-main.ts';

// What a sandbox process runs, unless it is started from the bundle in the package.
main();
