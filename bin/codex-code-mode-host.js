#!/usr/bin/env node
// The host under the name by which the Codex CLI looks for it.
import { launch } from './launch.js';

await launch(import.meta.url, 'code-mode-host');
