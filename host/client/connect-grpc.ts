import { withDefaults } from '../../src/limits.ts';
import { GrpcLink } from '../grpc/client/grpc-link.ts';
import type { Place } from '../grpc/client/place.ts';
import { type GreetOptions, HostClient } from './host-client.ts';

const DEFAULTS = { helloMs: 10_000, answerWithinMs: 10_000 };
const NEVER = new AbortController().signal;

/**
 * Connects to a host that speaks gRPC.
 *
 * @throws `connection_lost`, `handshake_failed`; the signal's reason; `invalid_argument`.
 */
export async function connectGrpc(place: Place, options: GreetOptions): Promise<HostClient> {
  const { helloMs, answerWithinMs, generation = 1, signal = NEVER } = options;
  const times = withDefaults(DEFAULTS, { helloMs, answerWithinMs });
  return HostClient.over(await GrpcLink.connect(place, { ...times, generation, signal }));
}
