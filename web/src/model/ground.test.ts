import { expect, test } from 'vitest';
import { parseBasemap } from './ground.svelte';

const READY = { state: 'ready', edition: 3, minzoom: 0, maxzoom: 17, bounds: [9.4, 47, 9.7, 47.3], attribution: '© Someone' };

test('a basemap is shown when it is ready, at an address with its edition', () => {
  expect(parseBasemap(READY, 'http://town')).toEqual({
    tiles: { basemap: 'http://town/belfry/v1/registers/tiles/basemap/{z}/{x}/{y}?edition=3', minzoom: 0, maxzoom: 17 },
    bounds: [9.4, 47, 9.7, 47.3],
    credit: '© Someone',
  });
  expect(parseBasemap({ ...READY, attribution: 1 }, '')?.credit).toBe('');
});

test('anything else is no basemap', () => {
  for (const told of [null, 'x', {}, { ...READY, state: 'making' }, { ...READY, bounds: [1, 2, 3] }, { ...READY, edition: '3' }]) {
    expect(parseBasemap(told, '')).toBeUndefined();
  }
});
