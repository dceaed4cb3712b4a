import type { ContentBlock } from '@langchain/core/messages';
import type { OutputItem } from '../../src/events.ts';
import { mediaData } from './media-url.ts';

/** Output for a model as content blocks of LangChain. */
export function toContentBlocks(items: readonly OutputItem[]): ContentBlock.Standard[] {
  return items.map(blockOf);
}

function blockOf(item: OutputItem): ContentBlock.Standard {
  switch (item.type) {
    case 'input_text':
      return { type: 'text', text: item.text };
    case 'input_image':
      return { type: 'image', ...sourceOf(item.image_url) };
    case 'input_audio':
      return { type: 'audio', ...sourceOf(item.audio_url) };
  }
}

function sourceOf(url: string) {
  const media = mediaData(url);
  return media === null ? { url } : { mimeType: media.mediaType, data: media.data };
}
