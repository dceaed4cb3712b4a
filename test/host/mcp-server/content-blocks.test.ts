import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toContentBlocks } from '../../../host/mcp-server/content-blocks.ts';

describe('toContentBlocks', () => {
  it('gives media their blocks, and names what is no base64 data', () => {
    assert.deepEqual(
      toContentBlocks([
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'high' },
        { type: 'input_image', image_url: 'data:;base64,AAAA', detail: 'high' },
        { type: 'input_audio', audio_url: 'data:audio/wav;codecs=1;base64,AAAA' },
        { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'high' },
      ]),
      [
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
        { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
        { type: 'text', text: '[image: https://example.com/a.png]' },
      ],
    );
  });

  it('gives links and resources of nested results back, and leaves other JSON alone', () => {
    const link = { type: 'resource_link', uri: 'file:///a', name: 'a' };
    const resource = { type: 'resource', resource: { uri: 'file:///a', text: 'b' } };
    const texts = [link, resource, { type: 'resource_link' }, { a: '"type":"resource"' }].map(
      (value) => JSON.stringify(value),
    );
    const broken = '{"type":"resource_link",';
    const items = [...texts, broken].map((text) => ({ type: 'input_text', text }) as const);
    const blocks = toContentBlocks(items);
    assert.deepEqual(blocks.slice(0, 2), [link, resource]);
    assert.deepEqual(
      blocks.slice(2).map(({ type }) => type),
      ['text', 'text', 'text'],
    );
  });
});
