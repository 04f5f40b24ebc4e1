/**
 * The live connection: reads `/events` for ever, reconnects with growing pauses, resumes after the last event it saw.
 * It decides nothing about entities; it reports what came and how the connection is.
 */
import { get, Refused, Unauthorised } from './client';
import { EventParser, type ServerEvent } from './sse';
import type { Json } from '../model/entity';

/** How the connection is. `retryAt`: milliseconds since 1970 of the next attempt. */
export type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'cut'; retryAt: number }
  | { state: 'signIn' }
  | { state: 'refused'; status: number; title: string };

/** What the feed reports. */
export interface Listener {
  /** The stream is open. `resumed`: nothing was missed since the last event. */
  hello(now: number | undefined, resumed: boolean): void;
  entity(entity: Json): void;
  gone(id: string): void;
  /** The server cannot resume: the list must be loaded anew. */
  reset(): void;
  setLink(link: Link): void;
  /** Any byte came, a heartbeat too. */
  heard(): void;
}

/** The server sends a heartbeat each 15 s; after this long in silence the connection counts as cut. Milliseconds. */
const SILENCE = 35_000;
/** How long the server may take to begin its answer. Milliseconds. */
const ANSWER = 10_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

/** The pause before attempt `n` (from 0): 1, 2, 4 ... 30 s, each shortened at random by up to a quarter. `random` in [0, 1). */
export function pause(n: number, random: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(n, 10)) * (1 - random / 4);
}

/** Runs until {@link Feed.stop}. */
export class Feed {
  private lastId = '';
  private failures = 0;
  private stopped = false;
  private wake: (() => void) | undefined;
  private abort: AbortController | undefined;

  constructor(private readonly listener: Listener) {}

  /** Tries again at once: the network is back, or a token was given. */
  retryNow(): void {
    this.wake?.();
  }

  /** Drops the connection and opens it again with nothing to resume; used after signing in or out. */
  restart(): void {
    this.lastId = '';
    this.failures = 0;
    this.abort?.abort();
    this.wake?.();
  }

  /** Ends the loop. */
  stop(): void {
    this.stopped = true;
    this.restart();
  }

  /** The loop. Resolves after {@link Feed.stop}. */
  async run(): Promise<void> {
    while (!this.stopped) {
      this.listener.setLink({ state: 'connecting' });
      try {
        await this.once();
      } catch (error) {
        if (error instanceof Unauthorised) {
          this.listener.setLink({ state: 'signIn' });
          await this.sleep(undefined);
          continue;
        }
        if (error instanceof Refused && error.status === 403) {
          this.listener.setLink({ state: 'refused', status: error.status, title: error.title });
          await this.sleep(LONGEST_PAUSE);
          continue;
        }
        // Everything else is a connection that broke or never came about: that is what the pause is for.
      }
      if (this.stopped) return;
      const wait = pause(this.failures++, Math.random());
      this.listener.setLink({ state: 'cut', retryAt: Date.now() + wait });
      await this.sleep(wait);
    }
  }

  private async once(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let watchdog = setTimeout(() => abort.abort(), ANSWER);
    const fed = (): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), SILENCE);
      this.listener.heard();
    };
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (this.lastId !== '') headers['last-event-id'] = this.lastId;
      const response = await get('/events', headers, abort.signal);
      if (response.body === null) return;
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.stopped) return;
        fed();
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.dispatch(event);
      }
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  }

  private dispatch(event: ServerEvent): void {
    const data = JSON.parse(event.data) as { seq?: number; now?: string; id?: string; entity?: Json };
    switch (event.event) {
      case 'hello': {
        const now = Date.parse(data.now ?? '');
        // A server that is behind us is not the one we knew, or lost what we saw.
        const resumed = this.lastId !== '' && Number(data.seq ?? 0) >= Number(this.lastId);
        this.failures = 0;
        this.listener.setLink({ state: 'live' });
        this.listener.hello(Number.isNaN(now) ? undefined : now, resumed);
        if (!resumed && data.seq !== undefined) this.lastId = String(data.seq);
        break;
      }
      case 'entity':
        if (data.entity !== undefined) this.listener.entity(data.entity);
        break;
      case 'gone':
        if (data.id !== undefined) this.listener.gone(data.id);
        break;
      case 'reset':
        this.listener.reset();
        break;
    }
    // The hello of a resumed stream tells where the server is, not what we have seen.
    if (event.event !== 'hello') this.lastId = event.id || (data.seq === undefined ? this.lastId : String(data.seq));
  }

  private sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
