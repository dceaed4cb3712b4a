// `tr46` without the cost of its tables as long as hosts are ASCII. For a host without an `xn--` label
// the URL standard says that this is the same: https://url.spec.whatwg.org/#concept-domain-to-ascii

let tables;

function real() {
  tables ??= require('real-tr46');
  return tables;
}

exports.toASCII = (domain, options) =>
  !options.verifyDNSLength && /^[\0-\x7f]*$/.test(domain) && !/xn--/i.test(domain)
    ? domain.toLowerCase()
    : real().toASCII(domain, options);

exports.toUnicode = (domain, options) => real().toUnicode(domain, options);
