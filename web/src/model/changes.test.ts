import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Change, ChangeBuffer, FLUSH_EVERY } from './changes';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('hands on at most four times a second, the newest of each entity', () => {
  const rounds: Map<string, Change<number>>[] = [];
  const buffer = new ChangeBuffer<number>((changes) => rounds.push(changes));
  for (let ms = 0; ms < 2000; ms++) {
    buffer.put(`urn:${String(ms % 7)}`, { kind: 'put', content: ms });
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(FLUSH_EVERY);
  expect(rounds.length).toBeLessThanOrEqual(9);
  expect(rounds.length).toBeGreaterThanOrEqual(7);
  expect(rounds.every((round) => round.size === 7)).toBe(true);
  const last = rounds.at(-1);
  expect(last?.get(`urn:${String(1999 % 7)}`)).toEqual({ kind: 'put', content: 1999 });
});

it('a later disappearance wins over an earlier change', () => {
  const seen: [string, Change<number>][] = [];
  const buffer = new ChangeBuffer<number>((changes) => seen.push(...changes));
  buffer.put('a', { kind: 'put', content: 1 });
  buffer.put('a', { kind: 'gone' });
  vi.advanceTimersByTime(FLUSH_EVERY);
  expect(seen).toEqual([['a', { kind: 'gone' }]]);
});

it('holds changes back while the list loads and loses none', () => {
  const seen: string[] = [];
  const buffer = new ChangeBuffer<number>((changes) => seen.push(...changes.keys()));
  buffer.put('a', { kind: 'gone' });
  buffer.hold();
  buffer.put('b', { kind: 'gone' });
  vi.advanceTimersByTime(10 * FLUSH_EVERY);
  expect(seen).toEqual([]);
  buffer.release();
  vi.advanceTimersByTime(FLUSH_EVERY);
  expect(seen).toEqual(['a', 'b']);
});
