import { describe, expect, it } from 'vitest';
import { EventParser, type ServerEvent } from './sse';

function parse(...chunks: string[]): ServerEvent[] {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

describe('EventParser', () => {
  const cases: [string, string, ServerEvent[]][] = [
    ['an event with id and name', 'id: 7\nevent: entity\ndata: {"a":1}\n\n', [{ id: '7', event: 'entity', data: '{"a":1}' }]],
    ['the default name', 'data: x\n\n', [{ id: '', event: 'message', data: 'x' }]],
    ['several data lines', 'data: a\ndata:\ndata: b\n\n', [{ id: '', event: 'message', data: 'a\n\nb' }]],
    ['one space after the colon only', 'data:  two\n\n', [{ id: '', event: 'message', data: ' two' }]],
    ['comments', ': heartbeat\n\ndata: x\n: more\n\n', [{ id: '', event: 'message', data: 'x' }]],
    ['unknown fields', 'retry: 3\nfoo: bar\ndata: x\n\n', [{ id: '', event: 'message', data: 'x' }]],
    ['no data, no event', 'event: entity\nid: 3\n\ndata: x\n\n', [{ id: '3', event: 'message', data: 'x' }]],
    ['the id is kept', 'id: 3\ndata: x\n\ndata: y\n\n', [{ id: '3', event: 'message', data: 'x' }, { id: '3', event: 'message', data: 'y' }]],
    ['an id with NUL is ignored', 'id: 3\0\ndata: x\n\n', [{ id: '', event: 'message', data: 'x' }]],
    ['carriage returns', 'data: a\r\rdata: b\r\n\r\n', [{ id: '', event: 'message', data: 'a' }, { id: '', event: 'message', data: 'b' }]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ id: '', event: 'message', data: 'a' }]],
    ['an unfinished event', 'data: a\n', []],
  ];
  it.each(cases)('%s', (_, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('gives the same events wherever the chunks are cut', () => {
    const text = 'id: 1\r\nevent: entity\r\ndata: {"n":"塔"}\r\n\r\n: beat\n\nid: 2\rdata: a\rdata: b\r\rdata: c\n\n';
    const whole = parse(text + '\n');
    expect(whole).toHaveLength(3);
    for (let i = 0; i <= text.length; i++) {
      for (let j = i; j <= text.length; j += 5) {
        expect(parse(text.slice(0, i), text.slice(i, j), text.slice(j) + '\n')).toEqual(whole);
      }
    }
  });

  it('refuses a line that never ends', () => {
    const parser = new EventParser();
    const chunk = 'x'.repeat(1024 * 1024);
    expect(() => {
      for (let i = 0; i < 20; i++) parser.push(chunk);
    }).toThrow(RangeError);
  });
});
