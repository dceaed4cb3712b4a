/** The oldest release of Node.js that runs us, as `engines` says. */
const MIN_MAJOR = 24;

// Each entry of the package imports this file before anything else, so that an older Node.js says
// this and not what it does not know. Other runtimes may have no `process`.
const version: string | undefined = globalThis.process?.versions?.node;
if (version !== undefined && Number.parseInt(version, 10) < MIN_MAJOR) {
  throw new Error(
    `Cannot load cellhost: it needs Node.js ${MIN_MAJOR} or later, and this is ${version}`,
  );
}

export {};
