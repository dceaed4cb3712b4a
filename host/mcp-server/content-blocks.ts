import { type ContentBlock, isSpecType } from '@modelcontextprotocol/server';
import type { OutputItem } from '../../src/events.ts';

const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?;base64,/i;
/** Text that is longer is not looked at: no link is. */
const MAX_RESOURCE_LENGTH = 65_536;

/** Output as an MCP client takes it. What is not base64 data becomes text that says so. */
export function toContentBlocks(items: readonly OutputItem[]): ContentBlock[] {
  return items.map(toContentBlock);
}

function toContentBlock(item: OutputItem): ContentBlock {
  switch (item.type) {
    case 'input_text':
      return resourceIn(item.text) ?? { type: 'text', text: item.text };
    case 'input_image':
      return mediaBlock('image', item.image_url);
    case 'input_audio':
      return mediaBlock('audio', item.audio_url);
  }
}

function mediaBlock(type: 'image' | 'audio', url: string): ContentBlock {
  const match = DATA_URL.exec(url);
  if (match === null) return { type: 'text', text: `[${type}: ${url.slice(0, 200)}]` };
  const [head, mimeType] = match;
  return {
    type,
    data: url.slice(head.length),
    mimeType: mimeType || (type === 'image' ? 'image/png' : 'audio/wav'),
  };
}

/** Programs show links and resources of nested results as JSON text; a client gets the block back. */
function resourceIn(text: string): ContentBlock | null {
  if (!text.startsWith('{') || text.length > MAX_RESOURCE_LENGTH) return null;
  if (!text.includes('"type":"resource')) return null;
  try {
    const block: unknown = JSON.parse(text);
    return isSpecType.ResourceLink(block) || isSpecType.EmbeddedResource(block) ? block : null;
  } catch {
    return null;
  }
}
