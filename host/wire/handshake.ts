import { CodeModeError } from '../../src/errors.ts';

/**
 * The first message in each direction, checked by hand: a host needs nothing else to say that it is
 * ready, and the library that checks the others takes longer to load than the rest of the start.
 */

/** The protocol version of this package. */
export const PROTOCOL_VERSION = 1;

const MAX_CAPABILITIES = 256;
const MAX_CAPABILITY_LENGTH = 256;
const HELLO_FIELDS = ['type', 'supportedVersions', 'requiredCapabilities', 'optionalCapabilities'];

/** The first message of a client. */
export interface ClientHello {
  readonly type: 'connection/hello';
  readonly supportedVersions: readonly number[];
  readonly requiredCapabilities: readonly string[];
  readonly optionalCapabilities: readonly string[];
}

/** Why a host rejects a client. */
export type RejectionReason =
  | { readonly type: 'noCompatibleVersion'; readonly supportedVersions: readonly number[] }
  | { readonly type: 'missingRequiredCapability'; readonly capability: string }
  | { readonly type: 'invalidHello'; readonly message: string };

/** The first message of a host. */
export type HostHello =
  | {
      readonly type: 'connection/ready';
      readonly selectedVersion: number;
      /** The client's capabilities that this host also has, in alphabetical order. */
      readonly capabilities: readonly string[];
    }
  | { readonly type: 'connection/rejected'; readonly reason: RejectionReason };

/**
 * The host's answer to a client's first message.
 *
 * @param message The parsed message.
 * @param supported The capabilities of this host.
 * @throws Error for an invalid first message, which cannot be answered.
 */
export function answerHello(message: unknown, supported: readonly string[]): HostHello {
  if (!isRecord(message)) throw new Error('Cannot read a message: it is not an object');
  if (message.type !== 'connection/hello') {
    return rejected({ type: 'invalidHello', message: 'first message must be connection/hello' });
  }
  const hello = readHello(message);
  if (!hello.supportedVersions.includes(PROTOCOL_VERSION)) {
    return rejected({ type: 'noCompatibleVersion', supportedVersions: [PROTOCOL_VERSION] });
  }
  const missing = hello.requiredCapabilities.find((name) => !supported.includes(name));
  if (missing !== undefined) {
    return rejected({ type: 'missingRequiredCapability', capability: missing });
  }
  const asked = [...hello.requiredCapabilities, ...hello.optionalCapabilities];
  const capabilities = asked.filter((name) => supported.includes(name)).sort();
  return { type: 'connection/ready', selectedVersion: PROTOCOL_VERSION, capabilities };
}

/**
 * The capabilities that a host and its client share.
 *
 * @param message The host's first message, parsed.
 * @throws `handshake_failed` for a rejection, an invalid answer, or a missing required capability.
 */
export function readHostHello(message: unknown, required: readonly string[]): readonly string[] {
  if (isRecord(message) && message.type === 'connection/rejected') {
    throw refused(`the host rejected it: ${JSON.stringify(message.reason ?? null).slice(0, 500)}`);
  }
  if (!isRecord(message) || message.type !== 'connection/ready') {
    throw refused('the first message is no answer to a hello');
  }
  const { selectedVersion, capabilities } = message;
  if (selectedVersion !== PROTOCOL_VERSION) {
    throw refused(`the host selected version ${JSON.stringify(selectedVersion)}`);
  }
  if (!Array.isArray(capabilities) || !capabilities.every((name) => typeof name === 'string')) {
    throw refused('the capabilities of the host are no list of names');
  }
  const missing = required.find((name) => !capabilities.includes(name));
  if (missing !== undefined) throw refused(`the host has no capability ${missing}`);
  return capabilities;
}

function refused(why: string): CodeModeError {
  return new CodeModeError('handshake_failed', `Cannot connect: ${why}`);
}

function rejected(reason: RejectionReason): HostHello {
  return { type: 'connection/rejected', reason };
}

function readHello(message: Readonly<Record<string, unknown>>): ClientHello {
  const stranger = Object.keys(message).find((name) => !HELLO_FIELDS.includes(name));
  if (stranger !== undefined) throw invalid(`unknown field ${JSON.stringify(stranger)}`);
  const { supportedVersions, requiredCapabilities, optionalCapabilities } = message;
  if (!Array.isArray(supportedVersions) || supportedVersions.length === 0) {
    throw invalid('supportedVersions is not a list with a version in it');
  }
  if (!supportedVersions.every((version) => Number.isSafeInteger(version) && version >= 1)) {
    throw invalid('a version is not a whole number of at least 1');
  }
  checkUnique('supportedVersions', supportedVersions);
  checkCapabilities('requiredCapabilities', requiredCapabilities);
  checkCapabilities('optionalCapabilities', optionalCapabilities);
  const both = requiredCapabilities.find((name) => optionalCapabilities.includes(name));
  if (both !== undefined) {
    throw invalid(`capability ${JSON.stringify(both)} cannot be both required and optional`);
  }
  return {
    type: 'connection/hello',
    supportedVersions: supportedVersions as readonly number[],
    requiredCapabilities,
    optionalCapabilities,
  };
}

function checkCapabilities(
  field: string,
  names: unknown,
): asserts names is readonly string[] & unknown[] {
  if (!Array.isArray(names) || names.length > MAX_CAPABILITIES) {
    throw invalid(`${field} is not a list of at most ${MAX_CAPABILITIES} names`);
  }
  const bad = names.findIndex(
    (name) => typeof name !== 'string' || !/\S/.test(name) || name.length > MAX_CAPABILITY_LENGTH,
  );
  if (bad >= 0) throw invalid(`${field}[${bad}] is not a name`);
  checkUnique(field, names);
}

function checkUnique(field: string, values: readonly unknown[]): void {
  if (new Set(values).size < values.length) throw invalid(`${field} names something twice`);
}

function invalid(why: string): Error {
  return new Error(`Cannot read a hello: ${why}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
