import '../src/embed/supported-node.ts';

export {
  type CreateSessionOptions,
  type GreetOptions,
  HostClient,
  type OpenRemoteSessionOptions,
  type StopOptions,
} from './client/host-client.ts';
export {
  type DialRequest,
  ReconnectingHostClient,
  type ReconnectLimits,
} from './client/reconnecting-host-client.ts';
export {
  type ConnectOptions,
  connect,
  type SpawnHostOptions,
  spawnHost,
} from './client/spawn-host.ts';
export type { HostOptions } from './core/host-core.ts';
export { DEFAULT_HOST_LIMITS, type HostLimits } from './core/host-limits.ts';
export type { HostLog } from './core/host-log.ts';
export type { SessionOpener, SessionWish } from './core/session-opening.ts';
export type { TlsOptions } from './grpc/client/place.ts';
export type { McpHttpServer, McpProcessServer, McpServerConfig } from './mcp/mcp-config.ts';
export type { Backoff } from './remote/backoff.ts';
export type { RemoteSessionOptions } from './remote/open-remote-session.ts';
export { RemoteSession } from './remote/remote-session.ts';
export { Host } from './server/host.ts';
export { ActiveSession } from './session-layer/active-session.ts';
export {
  type CreatedSession,
  createSession,
  type SessionConfig,
  type SessionHost,
  type SessionPlace,
} from './session-layer/create-session.ts';
export type { PreparedSession } from './session-layer/prepared-session.ts';
export type { ProxiedSession, SessionResponse } from './session-layer/proxied-session.ts';
export type { ProxyTarget } from './session-layer/proxy.ts';
export {
  type OnSessionStart,
  SessionBuilder,
  type SessionSetup,
} from './session-layer/session-builder.ts';
export type { ToolHandler } from './session-layer/session-tools.ts';
export type {
  CallUpdate,
  PromptEnd,
  SessionUpdate,
  TellingUpdate,
} from './session-layer/session-updates.ts';
export { type DialOptions, dial } from './transports/dial.ts';
export { type Listener, type ListenOptions, listen } from './transports/listen.ts';
export { memoryTransports } from './transports/memory-transport.ts';
export { streamTransport } from './transports/stream-transport.ts';
export type { TransportOptions } from './transports/wire-transport.ts';
export type { Endpoint } from './wire/endpoint.ts';
export type { MessageBody, Transport, TransportReceiver } from './wire/transport.ts';
