import { expect, it } from 'vitest';
import type { Entity } from './entity';
import { isLate, isStale, shownAt, usualInterval } from './freshness';

const thing = (modifiedAt: number, observedAt?: number): Entity => ({
  id: 'urn:x', types: ['T'], readings: [], modifiedAt, ...(observedAt !== undefined && { observedAt }),
});

it.each([
  ['never measured', thing(0), 1e12, undefined, false],
  ['measured, interval unknown, 59 minutes', thing(0, 0), 59 * 60_000, undefined, false],
  ['measured, interval unknown, 61 minutes', thing(0, 0), 61 * 60_000, undefined, true],
  ['every 10 s, silent for 50 s', thing(0, 0), 50_000, 10_000, false],
  ['every 10 s, silent for 61 s', thing(0, 0), 61_000, 10_000, true],
  ['every 10 min, silent for 29 min', thing(0, 0), 29 * 60_000, 600_000, false],
  ['every 10 min, silent for 31 min', thing(0, 0), 31 * 60_000, 600_000, true],
  ['an old measurement that arrived just now', thing(1e12, 0), 1e12 + 1000, 1000, true],
  ['no measurement time, changes each second', thing(1e12), 1e12 + 1000, 1000, false],
  ['no measurement time, used to change each second', thing(1e12), 1e12 + 61_000, 1000, true],
] as [string, Entity, number, number | undefined, boolean][])('%s', (_, entity, now, interval, stale) => {
  expect(isStale(entity, now, interval)).toBe(stale);
});

it('shows the observation before the change', () => {
  expect(shownAt(thing(5, 3))).toBe(3);
  expect(shownAt(thing(5))).toBe(5);
});

it('knows what arrived much later than it was measured', () => {
  expect(isLate(thing(5))).toBe(false);
  expect(isLate(thing(60_000, 0))).toBe(false);
  expect(isLate(thing(1e12, 0))).toBe(true);
});

it('takes the median gap, in any order', () => {
  expect(usualInterval([0, 10])).toBeUndefined();
  expect(usualInterval([30, 0, 10, 20, 5000])).toBe(10);
});
