import { expect, it } from 'vitest';
import { series } from './history';

it('reads temporal values, oldest first, numbers only', () => {
  const json = {
    id: 'urn:x',
    type: 'T',
    t: { type: 'Property', values: [[2, '2026-01-01T00:00:02Z'], [1, '2026-01-01T00:00:01Z'], ['x', '2026-01-01T00:00:00Z'], [3, 'noon'], 9] },
    name: { type: 'Property', values: [['a', '2026-01-01T00:00:02Z']] },
  };
  const at = Date.parse('2026-01-01T00:00:01Z');
  expect(series(json, 'values')).toEqual(new Map([['t', [[at, 1], [at + 1000, 2]]], ['name', []]]));
});

it('takes the default dataset of several', () => {
  const t = [
    { type: 'Property', datasetId: 'urn:a', values: [[1, '2026-01-01T00:00:01Z']] },
    { type: 'Property', values: [[2, '2026-01-01T00:00:01Z']] },
  ];
  expect(series({ t }, 'values').get('t')?.[0]?.[1]).toBe(2);
});

it('reads means at the start of their period', () => {
  const json = { t: { type: 'Property', avg: [[4.5, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z']] } };
  expect(series(json, 'avg').get('t')).toEqual([[Date.parse('2026-01-01T00:00:00Z'), 4.5]]);
});

it.each([[null], [[]], ['x'], [{}], [{ t: null }]])('finds nothing in %j', (json) => {
  expect(series(json, 'values').size).toBe(0);
});
