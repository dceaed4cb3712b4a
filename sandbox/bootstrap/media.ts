import type { Bridge } from './bridge-types.ts';
import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';
import type { Json } from './json.ts';

type Fields = { readonly [name: string]: unknown };

/** `image`, `audio`, `generatedImage` and `content`. Uses nothing from outside itself. */
export function makeMedia(k: Intrinsics, { fail }: Failures, json: Json, bridge: Bridge) {
  const IMAGE =
    'image expects a non-empty image URL string, an object with image_url and optional detail, or a raw MCP image block';
  const AUDIO =
    'audio expects a non-empty audio URL string, an object with audio_url, or a raw MCP audio block';
  const CONTENT = 'content expects one MCP ContentBlock';

  const isFields = (value: unknown): value is Fields =>
    typeof value === 'object' && value !== null && !k.isArray(value);
  const own = (fields: Fields, name: string) => (k.hasOwn(fields, name) ? fields[name] : undefined);
  const startsWith = (text: string, start: string) =>
    k.toLowerCase(k.slice(text, 0, start.length)) === start;

  /** Reads the program's value once, so that its getters and proxies run now and never again. */
  function read(value: unknown): unknown {
    if (typeof value !== 'object' && typeof value !== 'function') return value;
    const copy = json.copy(value);
    return typeof copy === 'object' ? copy : null;
  }

  function dataUrl(block: Fields, kind: string): string {
    const data = own(block, 'data');
    if (typeof data !== 'string' || data === '') return fail(`${kind} expected MCP ${kind} data`);
    return asDataUrl(data, block);
  }

  function asDataUrl(data: string, block: Fields): string {
    if (startsWith(data, 'data:')) return data;
    const given = k.hasOwn(block, 'mimeType') ? own(block, 'mimeType') : own(block, 'mime_type');
    const mime = typeof given === 'string' && given !== '' ? given : 'application/octet-stream';
    return `data:${mime};base64,${data}`;
  }

  function urlOf(value: unknown, kind: 'image' | 'audio', usage: string): string {
    if (typeof value === 'string') return value === '' ? fail(usage) : value;
    if (!isFields(value)) return fail(usage);
    const url = own(value, `${kind}_url`);
    if (typeof url === 'string' && url !== '') return url;
    if (url !== undefined) return fail(usage);
    const type = own(value, 'type');
    if (typeof type !== 'string') return fail(usage);
    if (type !== kind) return fail(`${kind} only accepts MCP ${kind} blocks, got "${type}"`);
    return dataUrl(value, kind);
  }

  function checkImageUrl(url: string): void {
    if (startsWith(url, 'data:')) return;
    if (startsWith(url, 'http:') || startsWith(url, 'https:')) {
      fail(
        'Tool call failed: remote image URLs are not supported in tool outputs. Pass a base64 data URI instead',
      );
    }
    fail('Tool call failed: invalid image output. Pass a base64 data URI instead');
  }

  function metaDetail(block: Fields): unknown {
    const meta = own(block, '_meta');
    const detail = isFields(meta) ? own(meta, 'codex/imageDetail') : undefined;
    return detail === 'auto' || detail === 'low' || detail === 'high' || detail === 'original'
      ? detail
      : undefined;
  }

  /** The detail of an image block; undefined or null for none. */
  function embeddedDetail(value: unknown): unknown {
    if (!isFields(value)) return undefined;
    if (own(value, 'image_url') === undefined) return metaDetail(value);
    const detail = own(value, 'detail');
    if (detail !== undefined && detail !== null && typeof detail !== 'string') {
      return fail('image detail must be a string when provided');
    }
    return detail;
  }

  function checkDetail(detail: unknown): string {
    const name = typeof detail === 'string' ? k.toLowerCase(detail) : 'high';
    if (name === 'auto' || name === 'low' || name === 'high' || name === 'original') return name;
    return fail('image detail must be one of: auto, low, high, original');
  }

  function imageOf(value: unknown, override: unknown): () => void {
    const url = urlOf(value, 'image', IMAGE);
    const embedded = embeddedDetail(value);
    checkImageUrl(url);
    const detail = checkDetail(override ?? embedded);
    return () => bridge.up('image', url, detail);
  }

  function image(given: unknown, detail: unknown): void {
    if (detail !== undefined && detail !== null && typeof detail !== 'string') {
      fail('image detail must be a string when provided');
    }
    imageOf(read(given), detail)();
  }

  function audio(given: unknown): void {
    const url = urlOf(read(given), 'audio', AUDIO);
    if (!startsWith(url, 'data:')) {
      fail('Tool call failed: invalid audio output. Pass a base64 data URI instead');
    }
    bridge.up('audio', url);
  }

  function generatedImage(given: unknown): void {
    const value = read(given);
    if (typeof value !== 'object' || value === null) {
      fail('generatedImage expects an image generation result object');
    }
    const hint = isFields(value) ? own(value, 'output_hint') : undefined;
    if (hint !== undefined && typeof hint !== 'string') {
      fail('generatedImage output_hint must be a string when provided');
    }
    imageOf(value, undefined)();
    if (typeof hint === 'string') bridge.up('text', hint);
  }

  function block(value: unknown): void {
    if (!isFields(value)) return fail(CONTENT);
    const type = own(value, 'type');
    const text = own(value, 'text');
    const data = own(value, 'data');
    if (type === 'text' && typeof text === 'string') bridge.up('text', text);
    else if (type === 'image' && typeof data === 'string') {
      bridge.up('image', asDataUrl(data, value), checkDetail(metaDetail(value)));
    } else if (type === 'audio' && typeof data === 'string')
      bridge.up('audio', asDataUrl(data, value));
    else if (isResource(type, value)) bridge.up('text', k.stringify(value));
    else fail(CONTENT);
  }

  function isResource(type: unknown, value: Fields): boolean {
    if (type === 'resource_link') return typeof own(value, 'uri') === 'string';
    const resource = own(value, 'resource');
    if (type !== 'resource' || !isFields(resource)) return false;
    const body = own(resource, 'text') ?? own(resource, 'blob');
    return typeof own(resource, 'uri') === 'string' && typeof body === 'string';
  }

  function content(given: unknown): void {
    const value = given === undefined ? undefined : json.copy(given);
    if (!k.isArray(value)) return block(value);
    for (let at = 0; at < value.length; at += 1) block(value[at]);
  }

  return { __proto__: null, image, audio, generatedImage, content };
}
