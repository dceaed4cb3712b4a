import type { ToolResultPart } from 'ai';
import type { OutputItem } from '../../src/events.ts';
import { mediaData } from './media-url.ts';

/** The result of a tool as the AI SDK passes it to a model. */
export type AiOutput = Extract<ToolResultPart['output'], { readonly type: 'content' }>;

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
  const media = mediaData(url);
  if (media !== null) {
    const { mediaType, data } = media;
    return { type: 'file', data: { type: 'data', data }, mediaType };
  }
  if (!URL.canParse(url)) return { type: 'text', text: `[${kind}: the address is not a URL]` };
  return { type: 'file', data: { type: 'url', url: new URL(url) }, mediaType: kind };
}
