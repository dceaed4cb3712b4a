import type { ToolOutputFileContent, ToolOutputImage, ToolOutputText } from '@openai/agents';
import type { OutputItem } from '../../src/events.ts';
import { mediaData } from './media-url.ts';

/** The result of a tool as the OpenAI Agents SDK passes it to a model. */
export type AgentOutput = (ToolOutputText | ToolOutputImage | ToolOutputFileContent)[];

/** Output for a model: text as text, images as images, audio as files. */
export function toAgentOutput(items: readonly OutputItem[]): AgentOutput {
  return items.map(partOf);
}

function partOf(item: OutputItem): AgentOutput[number] {
  switch (item.type) {
    case 'input_text':
      return { type: 'text', text: item.text };
    case 'input_image':
      return { type: 'image', image: item.image_url, detail: item.detail };
    case 'input_audio': {
      const media = mediaData(item.audio_url);
      if (media === null) return { type: 'text', text: '[audio: the address is no data URL]' };
      return { type: 'file', file: { ...media, filename: 'audio' } };
    }
  }
}
