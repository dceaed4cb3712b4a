import type { ToolResultPart } from 'ai';
import type { OutputItem } from '../../src/events.ts';

/** The result of a tool as the AI SDK passes it to a model. */
export type AiOutput = Extract<ToolResultPart['output'], { readonly type: 'content' }>;

const DATA_URL = /^data:([^;,]+)[^,]*;base64,/;

/** Output for a model: text as text, images and audio as files. */
export function toAiOutput(items: readonly OutputItem[]): AiOutput {
  return { type: 'content', value: items.map(partOf) };
}

function partOf(item: OutputItem): AiOutput['value'][number] {
  switch (item.type) {
    case 'input_text':
      return { type: 'text', text: item.text };
    case 'input_image':
      return fileOf(item.image_url, 'image/*');
    case 'input_audio':
      return fileOf(item.audio_url, 'audio/*');
  }
}

function fileOf(url: string, kind: string): AiOutput['value'][number] {
  const found = DATA_URL.exec(url);
  if (found !== null) {
    const [head, mediaType = kind] = found;
    return { type: 'file', data: { type: 'data', data: url.slice(head.length) }, mediaType };
  }
  if (!URL.canParse(url)) return { type: 'text', text: `[${kind}: the address is not a URL]` };
  return { type: 'file', data: { type: 'url', url: new URL(url) }, mediaType: kind };
}
