import type {
  ClientMessage,
  HostMessage,
  Operation,
  OperationValue,
} from '../../host/wire/protocol.ts';

/** The messages of a client, as finely as the protocol distinguishes them. */
export type ClientKind =
  | Exclude<ClientMessage['type'], 'operation/request' | 'delegate/response'>
  | Operation['method']
  | 'tool/result'
  | 'notification/delivered'
  | 'delegate error';

/** The messages of a host, as finely as the protocol distinguishes them. */
export type HostKind =
  | Exclude<HostMessage['type'], 'operation/response' | 'delegate/request'>
  | OperationValue['type']
  | 'operation error'
  | 'tool/invoke'
  | 'notification/send';

// Records, so that a new message of the protocol must be added here.
const clientKinds: Readonly<Record<ClientKind, true>> = {
  'operation/cancel': true,
  'operation/yield': true,
  'session/open': true,
  'session/create': true,
  'session/execute': true,
  'session/wait': true,
  'session/terminate': true,
  'session/resume': true,
  'session/events': true,
  'session/cells': true,
  'session/values': true,
  'session/shutdown': true,
  'tool/result': true,
  'notification/delivered': true,
  'delegate error': true,
};

const hostKinds: Readonly<Record<HostKind, true>> = {
  'execute/initialResponse': true,
  'delegate/cancel': true,
  'cell/closed': true,
  'cell/events': true,
  'connection/failed': true,
  'session/ready': true,
  'session/created': true,
  'session/closed': true,
  'session/cells': true,
  'session/values': true,
  'execution/started': true,
  'wait/completed': true,
  'cell/resumed': true,
  'events/ended': true,
  'operation error': true,
  'tool/invoke': true,
  'notification/send': true,
};

export const CLIENT_KINDS = Object.keys(clientKinds) as readonly ClientKind[];
export const HOST_KINDS = Object.keys(hostKinds) as readonly HostKind[];

export function clientKindOf(message: ClientMessage): ClientKind {
  switch (message.type) {
    case 'operation/request':
      return message.request.method;
    case 'delegate/response':
      return message.result.status === 'error' ? 'delegate error' : message.result.value.type;
    default:
      return message.type;
  }
}

export function hostKindOf(message: HostMessage): HostKind {
  switch (message.type) {
    case 'operation/response':
      return message.result.status === 'error' ? 'operation error' : message.result.value.type;
    case 'delegate/request':
      return message.request.type;
    default:
      return message.type;
  }
}
