/** The names that have a code, in the order of their codes, from 1. Empty ones are historical. */
const NAMES = [
  ...['IndexSizeError', '', 'HierarchyRequestError', 'WrongDocumentError', 'InvalidCharacterError'],
  ...['', 'NoModificationAllowedError', 'NotFoundError', 'NotSupportedError'],
  ...['InUseAttributeError', 'InvalidStateError', 'SyntaxError', 'InvalidModificationError'],
  ...['NamespaceError', 'InvalidAccessError', '', 'TypeMismatchError', 'SecurityError'],
  ...['NetworkError', 'AbortError', 'URLMismatchError', 'QuotaExceededError', 'TimeoutError'],
  ...['InvalidNodeTypeError', 'DataCloneError'],
];

/** An error of the web platform: https://webidl.spec.whatwg.org/#idl-DOMException */
export class DOMException extends Error {
  #name;

  constructor(message = '', name = 'Error') {
    super(`${message}`);
    this.#name = `${name}`;
  }

  get name() {
    return #name in this ? this.#name : 'Error';
  }

  get code() {
    return this.#name === '' ? 0 : NAMES.indexOf(this.#name) + 1;
  }

  get [Symbol.toStringTag]() {
    return 'DOMException';
  }
}
