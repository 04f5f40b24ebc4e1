/**
 * Server-sent events as a stream parser (WHATWG HTML, section 9.2.6). `EventSource` cannot send an Authorization
 * header, so the page reads the stream with `fetch` and hands the decoded text to this parser. No I/O here.
 */

/** One dispatched event. `id` is the last event id seen so far, also when this event carried none. */
export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

/** The most characters one event may take before it is refused; a server that never ends a line must not fill memory. */
const MAX_EVENT = 8 * 1024 * 1024;

/** Turns chunks of text, cut anywhere, into events. Comments and unknown fields are skipped. */
export class EventParser {
  private rest = '';
  private data: string[] = [];
  private size = 0;
  private event = '';
  private id = '';
  private started = false;

  /** Feeds decoded text. Returns the events completed by it, in order. Throws `RangeError` past 8 Mi characters an event. */
  push(chunk: string): ServerEvent[] {
    const out: ServerEvent[] = [];
    let text = this.rest + chunk;
    if (!this.started && text.length > 0) {
      if (text.startsWith('\uFEFF')) text = text.slice(1);
      this.started = true;
    }
    let from = 0;
    for (;;) {
      const end = lineEnd(text, from);
      if (end === undefined) break;
      this.line(text.slice(from, end.at), out);
      from = end.next;
    }
    this.rest = text.slice(from);
    if (this.rest.length + this.size > MAX_EVENT) throw new RangeError('server-sent event too long');
    return out;
  }

  private line(line: string, out: ServerEvent[]): void {
    if (line === '') {
      if (this.data.length > 0) out.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
      this.data = [];
      this.size = 0;
      this.event = '';
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') {
      this.data.push(value);
      this.size += value.length;
      if (this.size > MAX_EVENT) throw new RangeError('server-sent event too long');
    } else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}

/**
 * The end of the line that starts at `from`: LF, CR or CRLF. A CR as the very last character waits for the next chunk,
 * since a LF may follow it.
 */
function lineEnd(text: string, from: number): { at: number; next: number } | undefined {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) return { at: i, next: i + 1 };
    if (c === 13) {
      if (i + 1 === text.length) return undefined;
      return { at: i, next: text.charCodeAt(i + 1) === 10 ? i + 2 : i + 1 };
    }
  }
  return undefined;
}
