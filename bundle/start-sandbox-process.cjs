// The entry of sandbox processes in the package. Loads their bundle with the code that is kept for it.
const { getCompileCacheDir } = require('node:module');
const { join } = require('node:path');
const { KeptCode } = require('./kept-code.cjs');

const kept = new KeptCode(getCompileCacheDir() ?? null);
const { main } = kept.load(join(__dirname, 'sandbox-programs.cjs'));
// The folder of kept code cannot be read any more when a program needs it.
kept.readAhead(join(__dirname, 'sandbox-programs-later.cjs'));
main({
  hasTime: process.argv[2] === 'rehearse',
  lacks: () => kept.lacks,
  script: (name) => kept.script(name),
  keepScript: (name, text, code) => kept.keepScript(name, text, code),
  keep: () => kept.keep(),
});
