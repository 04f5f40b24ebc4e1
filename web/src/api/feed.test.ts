import { expect, it } from 'vitest';
import { pause } from './feed';

it('waits longer and longer, never over 30 s, never in step with other pages', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map((n) => pause(n, 0))).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  expect(pause(2, 0.999)).toBeGreaterThan(3000);
  expect(pause(2, 0.999)).toBeLessThan(3005);
});
