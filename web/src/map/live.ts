/** Entities from tiles: gathered while there are many, each with the symbol of its type, a ring in the colour of its state. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';
import { BOLD, FONT, nameIn } from './label';
import type { Palette } from './palette';

/** Name of the source of entities. */
export const LIVE = 'live';

const POINT: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];
const STATE: ExpressionSpecification = ['get', 'state'];
const on = { source: LIVE, 'source-layer': 'live' } as const;

/** The layers of entities. */
export function liveLayers(c: Palette, lang: string): LayerSpecification[] {
  const colour = ['match', STATE, 'alarm', c.state.alarm, 'warning', c.state.warning, 'stale', c.state.stale, c.state.normal] as ExpressionSpecification;
  return [
    {
      id: 'live-area', type: 'fill', ...on, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colour, 'fill-opacity': 0.12 },
    },
    { id: 'live-line', type: 'line', ...on, filter: ['!', POINT], paint: { 'line-color': colour, 'line-width': 1, 'line-opacity': 0.6 } },
    {
      id: 'live-ring', type: 'circle', ...on, filter: POINT,
      paint: {
        'circle-color': c.halo, 'circle-stroke-color': colour, 'circle-stroke-width': ['match', STATE, 'alarm', 4, 'warning', 3.5, 2.5],
        'circle-radius': ['case', ['has', 'count'], ['step', ['get', 'count'], 14, 20, 17, 100, 20, 1000, 24], 13],
      },
    },
    {
      id: 'live-count', type: 'symbol', ...on, filter: ['all', POINT, ['has', 'count']],
      layout: { 'text-field': ['to-string', ['get', 'count']], 'text-size': 12, 'text-font': BOLD, 'text-allow-overlap': true },
      paint: { 'text-color': c.text },
    },
    {
      id: 'live', type: 'symbol', ...on, filter: ['all', POINT, ['!', ['has', 'count']]],
      layout: {
        'icon-image': ['concat', 'live:', ['get', 'type']], 'icon-allow-overlap': true,
        'text-field': nameIn(lang), 'text-size': 12, 'text-font': FONT, 'text-anchor': 'top', 'text-offset': [0, 1.2], 'text-max-width': 9, 'text-optional': true,
      },
      paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.5 },
    },
  ];
}
