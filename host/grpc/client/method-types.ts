import { CodeModeHostDefinition, type MessageFns } from '../generated/code-mode.ts';

const { methods, fullName } = CodeModeHostDefinition;

type Methods = typeof methods;

/** The name of a method of the service. */
export type MethodName = keyof Methods;

/** The name of a method with one answer. */
export type UnaryName = {
  [K in MethodName]: Methods[K]['responseStream'] extends false ? K : never;
}[MethodName];

type Message<F> = F extends MessageFns<infer T> ? T : never;

export type RequestOf<K extends MethodName> = Message<Methods[K]['requestType']>;
export type ResponseOf<K extends MethodName> = Message<Methods[K]['responseType']>;

/** How the messages of one method are written and read. */
export interface Method<K extends MethodName> {
  /** Names it in errors. */
  readonly name: string;
  readonly path: string;
  readonly request: Pick<MessageFns<RequestOf<K>>, 'encode'>;
  readonly response: Pick<MessageFns<ResponseOf<K>>, 'decode'>;
}

export function methodOf<K extends MethodName>(key: K): Method<K> {
  const { name, requestType, responseType } = methods[key];
  return {
    name,
    path: `/${fullName}/${name}`,
    request: requestType as unknown as MessageFns<RequestOf<K>>,
    response: responseType as unknown as MessageFns<ResponseOf<K>>,
  };
}
