import type { MessageBody, Transport } from '../../host/wire/transport.ts';

/** A client's end of a connection on which the host only learns of version 1 capabilities. */
export function v1Only(transport: Transport): Transport {
  return {
    get peer() {
      return transport.peer;
    },
    get queuedBytes() {
      return transport.queuedBytes;
    },
    get isOpen() {
      return transport.isOpen;
    },
    closeWithinMs: transport.closeWithinMs,
    start: (receiver) => transport.start(receiver),
    send: (message) => transport.send(withoutOwn(message)),
    drained: () => transport.drained(),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
    close: () => transport.close(),
    destroy: (error) => transport.destroy(error),
  };
}

function withoutOwn(message: MessageBody): MessageBody {
  if (Array.isArray(message)) return message;
  const text = message.toString();
  if (!text.startsWith('{"type":"connection/hello"')) return message;
  const hello = JSON.parse(text) as { optionalCapabilities: string[] };
  const optionalCapabilities = hello.optionalCapabilities.filter(
    (name) => !name.startsWith('cellhost.'),
  );
  return JSON.stringify({ ...hello, optionalCapabilities });
}
