// Required first by a process that a test starts. Writes to descriptor 4, once, what the process has
// loaded: when its modules have run (`REPORT_AT=start`), or when it writes its first output.
const { writeSync } = require('node:fs');

const when = process.env.REPORT_AT;
const before = new Set(process.moduleLoadList);

function report() {
  const files = Object.keys(require.cache).filter((path) => path !== __filename);
  const parts = process.moduleLoadList
    .filter((name) => !before.has(name) && name.startsWith('NativeModule '))
    .map((name) => name.slice('NativeModule '.length));
  writeSync(4, `${JSON.stringify({ files, parts })}\n`);
}

if (when === 'start') setImmediate(report);
if (when === 'output') {
  let isReported = false;
  const get = Object.getOwnPropertyDescriptor(process, 'stdout').get;
  Object.defineProperty(process, 'stdout', {
    get: () => {
      const stream = get.call(process);
      if (isReported) return stream;
      isReported = true;
      const write = stream.write;
      stream.write = (...args) => {
        stream.write = write;
        report();
        return write.apply(stream, args);
      };
      return stream;
    },
  });
}
