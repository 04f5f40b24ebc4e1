import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Feed, type Link, type Listener, pause } from './feed';

it('waits longer and longer, never over 30 s, never in step with other pages', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map((n) => pause(n, 0))).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  expect(pause(2, 0.999)).toBeGreaterThan(3000);
  expect(pause(2, 0.999)).toBeLessThan(3005);
});

/** What one attempt to connect gets: a status and text, after which the stream ends. */
type Attempt = { status?: number; text?: string; open?: boolean } | 'unreachable';

let asked: (string | null)[];
let log: string[];
let feed: Feed;

const listener: Listener = {
  hello: (_, resumed) => log.push(`hello ${resumed ? 'resumed' : 'anew'}`),
  entity: (entity) => log.push(`entity ${JSON.stringify(entity)}`),
  gone: (id) => log.push(`gone ${id}`),
  reset: () => log.push('reset'),
  setLink: (link: Link) => log.push(link.state),
  heard: () => undefined,
};

function serve(attempts: Attempt[]): void {
  vi.stubGlobal('fetch', (_path: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get('last-event-id'));
    const attempt = attempts.shift() ?? 'unreachable';
    if (attempt === 'unreachable') return Promise.reject(new TypeError('no connection'));
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(attempt.text ?? ''));
        if (attempt.open !== true) controller.close();
        init.signal?.addEventListener('abort', () => {
          if (attempt.open === true) controller.error(new Error('aborted'));
        });
      },
    });
    return Promise.resolve(new Response(stream, { status: attempt.status ?? 200 }));
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.spyOn(Math, 'random').mockReturnValue(0);
  asked = [];
  log = [];
  feed = new Feed(listener);
});
afterEach(() => {
  feed.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const hello = (seq: number): string => `event: hello\ndata: {"seq":${String(seq)},"now":"2026-01-01T00:00:00Z"}\n\n`;
const change = (seq: number): string => `id: ${String(seq)}\nevent: entity\ndata: {"seq":${String(seq)},"entity":{"id":"urn:${String(seq)}"}}\n\n`;

it('resumes after the last event, over failures of every kind', async () => {
  serve([{ text: hello(5) + change(6) + change(7) }, 'unreachable', { status: 503 }, { text: hello(9) + change(8), open: true }]);
  void feed.run();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual([null, '7', '7', '7']);
  expect(log.filter((line) => line.startsWith('hello'))).toEqual(['hello anew', 'hello resumed']);
  expect(log.at(-1)).toBe('entity {"id":"urn:8"}');
});

it('starts anew when the server is behind what was seen, and when it says reset', async () => {
  serve([{ text: hello(5) + change(6) }, { text: hello(2) + change(3) }, { text: `${hello(9)}event: reset\ndata: {"seq":9}\n\n` }, { open: true }]);
  void feed.run();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual([null, '6', '3', '9']);
  expect(log.filter((line) => /hello|reset/.test(line))).toEqual(['hello anew', 'hello anew', 'hello resumed', 'reset']);
});

it('counts a silent connection as cut, and heartbeats as life', async () => {
  serve([{ text: hello(1), open: true }, { text: hello(1), open: true }]);
  void feed.run();
  await vi.advanceTimersByTimeAsync(34_000);
  expect(log.at(-1)).toBe('hello anew');
  await vi.advanceTimersByTimeAsync(3000);
  expect(log).toContain('cut');
  expect(asked).toEqual([null, '1']);
});

it('gives up on a server that does not begin to answer', async () => {
  vi.stubGlobal('fetch', (_path: string, init: RequestInit) => {
    asked.push('');
    return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
  });
  void feed.run();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(asked).toHaveLength(2);
});

it('waits for a token instead of knocking on', async () => {
  serve([{ status: 401 }, { text: hello(1), open: true }]);
  void feed.run();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(log).toEqual(['connecting', 'signIn']);
  feed.restart();
  await vi.advanceTimersByTimeAsync(10);
  expect(log.at(-1)).toBe('hello anew');
});
