import {
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import type { FaceSession } from './face-session.ts';

const URI = /^cellhost:\/\/cells\/([A-Za-z0-9]{1,64})\/output$/;

/** The address of a cell's whole output. */
export function outputUri(cellId: string): string {
  return `cellhost://cells/${cellId}/output`;
}

/** What clients are told of these addresses. */
export const OUTPUT_TEMPLATE = {
  name: 'cell output',
  uriTemplate: 'cellhost://cells/{cellId}/output',
  description: 'All output of a cell, of the latest 64 cells, also where an answer cut it.',
  mimeType: 'text/plain',
} as const;

/** The outputs that can be read now. */
export function listOutputs(session: FaceSession): Resource[] {
  return session.keptCells().map((cellId) => ({
    name: `output of cell ${cellId}`,
    uri: outputUri(cellId),
    mimeType: 'text/plain',
  }));
}

/** Whether an address is one of a cell's output. */
export function isOutputUri(uri: string): boolean {
  return uri.startsWith('cellhost:');
}

/** Reads the output of a cell. @throws ResourceNotFoundError. */
export function readOutput(session: FaceSession, uri: string): ReadResourceResult {
  const cellId = URI.exec(uri)?.[1];
  const text = cellId === undefined ? undefined : session.outputOf(cellId);
  if (text === undefined) throw new ResourceNotFoundError(uri);
  return { contents: [{ uri, mimeType: 'text/plain', text }] };
}
