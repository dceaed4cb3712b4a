import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { licencesOf } from './licences.ts';
import { ADDRESS, fromBundle, offering, ownAddresses, ROOT } from './parts.ts';

/** Stay packages: native code, and what is needed after the start only. */
const EXTERNAL = ['isolated-vm', '@swc/wasm-typescript', 'ajv', 'minisearch', 'ws'];

const FOLDER = 'programs';
/**
 * V8 keeps a text of this size apart from small objects, and does not count it toward the first
 * collection, which would come just before a host greets its client, and take 1 to 4 ms.
 */
const APART_BYTES = 128 << 10;
/** A smaller text does not bring that collection about. */
const HARMLESS_BYTES = 32 << 10;
/** As Node.js does it for CommonJS. */
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';
const TAIL = '\n})\n';
/** The program in whose process others run. */
const PROGRAM_RUNNER = 'sandbox-programs';
/** Files of the package that are not compiled: what loads bundles, and what loads that one. */
const COPIES: Readonly<Record<string, string>> = {
  'kept-code.cjs': 'kept-code.cjs',
  'start-sandbox-process.cjs': 'sandbox-process.cjs',
};
/** Each process of the package, and the module that starts it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  cli: 'host/cli/cli.ts',
  'code-mode-host': 'host/cli/code-mode-host.ts',
  'attach-command': 'host/cli/attach-command.ts',
  [PROGRAM_RUNNER]: 'sandbox/process/child-main.ts',
};

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  external: EXTERNAL,
  banner: { js: `const ${ADDRESS} = require('node:url').pathToFileURL(__filename);` },
  // Text of one byte a character is read faster.
  charset: 'ascii',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * Bundles each program of the package into one file, and another one with what it imports later:
 * opening many files takes longer than all else at its start.
 *
 * The files are CommonJS, which runs a module when it is first required. In an ECMAScript module
 * everything that a bundle imports is loaded first, even if only its later part needs it.
 *
 * @param outDir The folder of the compiled package. Earlier bundles in it are replaced.
 */
export async function bundlePrograms(outDir: string): Promise<void> {
  const folder = join(outDir, FOLDER);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const inputs: Inputs = {};
  for (const [name, entry] of Object.entries(PROGRAMS)) {
    Object.assign(inputs, await bundleProgram(join(folder, name), name, entry));
  }
  for (const name of readdirSync(folder)) wrap(join(folder, name));
  for (const [name, copy] of Object.entries(COPIES)) {
    copyFileSync(join(ROOT, 'bundle', name), join(folder, copy));
  }
  writeFileSync(join(folder, 'LICENCES.txt'), `${licencesOf({ inputs })}\n`);
}

/**
 * Makes a bundle the function that `kept-code.cjs` calls, which need not copy it then, and names its
 * contents: code that is kept for a bundle is of exactly these.
 */
function wrap(path: string): void {
  const code = readFileSync(path);
  const id = createHash('sha256').update(code).digest('hex').slice(0, 32);
  const text = `/*${id}*/ ${HEAD}${code.toString('latin1')}${TAIL}`;
  const least = text.length < HARMLESS_BYTES ? 0 : APART_BYTES;
  writeFileSync(path, text.padEnd(least), 'latin1');
}

/** @returns What is in its files. */
async function bundleProgram(path: string, name: string, entry: string): Promise<Inputs> {
  const imported = new Set<string>();
  const later = fromBundle(`${name}-later.cjs`, () => true, {
    kind: 'dynamic-import',
    onFound: (module) => imported.add(module),
  });
  const start = `exports.main = require('./${entry}').main;`;
  const alone = await bundle(start, path, later);
  if (imported.size === 0) return alone;
  const first = Object.keys(alone).filter((module) => existsSync(join(ROOT, module)));
  await bundle(start + offering(first), path, later);
  const others = fromBundle(`${name}.cjs`, (module) => first.includes(module));
  return { ...alone, ...(await bundle(offering(imported), `${path}-later`, others)) };
}

type Inputs = Metafile['inputs'];

async function bundle(contents: string, path: string, plugin: Plugin): Promise<Inputs> {
  const { metafile } = await build({
    ...OPTIONS,
    stdin: { contents, resolveDir: ROOT },
    outfile: `${path}.cjs`,
    // Less text is read faster, too. Programs see lines and columns of a helper that runs in isolates.
    minifyWhitespace: !path.endsWith(PROGRAM_RUNNER),
    plugins: [plugin, ownAddresses(FOLDER)],
  });
  return metafile.inputs;
}
