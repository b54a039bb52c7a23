import { textFromBytes, textToBytes } from './text-bytes';

describe('a text as bytes', () => {
  it.each(['', 'card', 'é中🙂', '\ufeffmark', '\ud800', '\ud801', 'a\udc00b', '\udc00\ud800', '\u00ff'])('comes back as it was: %j', (text) => {
    expect(textFromBytes(textToBytes(text))).toBe(text);
  });

  it('is not the bytes of another text', () => {
    const texts = ['\ud800', '\ud801', '\ufffd', 'ÿ', ''];
    expect(new Set(texts.map((text) => textToBytes(text).join())).size).toBe(texts.length);
  });
});
