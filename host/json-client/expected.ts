import { CodeModeError } from '../../src/errors.ts';
import type { OperationValue } from '../wire/protocol.ts';

/** Checks that the answer is of the requested kind. @throws `peer_failed`. */
export function expected<T extends OperationValue['type']>(
  value: OperationValue,
  type: T,
): Extract<OperationValue, { type: T }> {
  if (value.type === type) return value as Extract<OperationValue, { type: T }>;
  throw new CodeModeError('peer_failed', `code-mode host answered ${value.type}, wanted ${type}`);
}
