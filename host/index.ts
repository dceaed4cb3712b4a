export {
  type CreateSessionOptions,
  HostClient,
  type OpenSessionOptions,
} from './client/host-client.ts';
export type { RemoteSessionOptions } from './client/open-remote-session.ts';
export { RemoteSession } from './client/remote-session.ts';
export {
  type ConnectOptions,
  connect,
  type SpawnHostOptions,
  spawnHost,
} from './client/spawn-host.ts';
export { Host, type HostLog, type HostOptions } from './server/host.ts';
export { DEFAULT_HOST_LIMITS, type HostLimits } from './server/host-limits.ts';
export type { Transport, TransportReceiver } from './transport.ts';
export { type DialOptions, dial } from './transports/dial.ts';
export type { Listener, ListenOptions } from './transports/listen.ts';
export { memoryTransports } from './transports/memory-transport.ts';
export { streamTransport } from './transports/stream-transport.ts';
