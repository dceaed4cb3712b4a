#!/usr/bin/env node
// The host under the name by which the Codex CLI looks for it.
const { launch } = require('./launch.js');

launch(__filename, 'code-mode-host');
