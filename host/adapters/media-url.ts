/** Bytes that a `data:` URL holds, in Base64. */
export interface MediaData {
  readonly mediaType: string;
  readonly data: string;
}

const DATA_URL = /^data:([^;,]+)[^,]*;base64,/;

/** What a `data:` URL in Base64 holds; null for any other text. */
export function mediaData(url: string): MediaData | null {
  const [head, mediaType] = DATA_URL.exec(url) ?? [];
  if (head === undefined || mediaType === undefined) return null;
  return { mediaType, data: url.slice(head.length) };
}
