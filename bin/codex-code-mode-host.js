#!/usr/bin/env node
// `cellhost serve` under the name by which the Codex CLI looks for its code-mode host.
process.argv.splice(2, 0, 'serve');
await import('./cellhost.js');
