// `tr46`, whose tables are loaded when the first host that is not ASCII needs them.

let tables;

function real() {
  tables ??= require('real-tr46');
  return tables;
}

exports.toASCII = (domain, options) => real().toASCII(domain, options);
exports.toUnicode = (domain, options) => real().toUnicode(domain, options);
