/** The layers of the map, from the ground up: one list for every look and language. What the tiles hold is `crates/tiles`. */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';
import { BOLD, FONT, ITALIC, nameIn } from './label';
import { GROUND, type Palette } from './palette';

/** Name of the source of map tiles. */
export const BASEMAP = 'basemap';

const CLASS: ExpressionSpecification = ['get', 'class'];
const AREA: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];
const LINE: ExpressionSpecification = ['==', ['geometry-type'], 'LineString'];
const POINT: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];

/** Roads that are drawn as a band with edges, with their widths in pixels at zooms 8, 12, 15 and 18. */
const BANDS: Record<string, readonly [number, number, number, number]> = {
  motorway: [1.6, 3.2, 7, 22],
  trunk: [1.3, 2.8, 6.5, 21],
  primary: [1, 2.4, 6, 20],
  secondary: [0.7, 2, 5.5, 18],
  tertiary: [0.5, 1.6, 5, 16],
  street: [0.3, 1, 3.6, 14],
  pedestrian: [0.3, 0.6, 3, 11],
  service: [0.2, 0.4, 2, 8],
};
const ZOOMS = [8, 12, 15, 18] as const;
const IS_BAND: ExpressionSpecification = ['match', CLASS, Object.keys(BANDS), true, false];

/** The width of roads in pixels, wider by `more` for their edges. */
function width(more: number): ExpressionSpecification {
  const at = (index: number): ExpressionSpecification => {
    const pairs = Object.entries(BANDS).flatMap(([name, widths]) => [name, widths[index] ?? 1]);
    const plain = ['match', CLASS, ...pairs, 1] as unknown as ExpressionSpecification;
    const linked: ExpressionSpecification = ['case', ['==', ['get', 'link'], true], ['*', plain, 0.6], plain];
    return more === 0 ? linked : ['+', linked, more];
  };
  const stops = ZOOMS.flatMap((zoom, index) => [zoom, at(index)]);
  return ['interpolate', ['exponential', 1.5], ['zoom'], ...stops] as unknown as ExpressionSpecification;
}

/** Linear between zooms. */
function over(...stops: [number, number][]): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], ...stops.flat()] as unknown as ExpressionSpecification;
}

const on = (layer: string) => ({ source: BASEMAP, 'source-layer': layer });

/** Every layer of the basemap in the colours of a palette and with labels in a language. */
export function basemapLayers(palette: Palette, lang: string): LayerSpecification[] {
  return [...ground(palette), ...roads(palette), ...borders(palette), ...labels(palette, lang)];
}

function ground(c: Palette): LayerSpecification[] {
  const colours = GROUND.flatMap((name) => [name, c.ground[name]]);
  return [
    { id: 'land', type: 'background', paint: { 'background-color': c.land } },
    {
      id: 'landuse', type: 'fill', ...on('landuse'), filter: AREA,
      paint: { 'fill-color': ['match', CLASS, ...colours, c.land] as unknown as ExpressionSpecification },
    },
    { id: 'water', type: 'fill', ...on('water'), filter: AREA, paint: { 'fill-color': c.water } },
    {
      id: 'stream', type: 'line', ...on('water'), filter: ['all', LINE, ['!=', ['get', 'tunnel'], true]],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': c.water,
        'line-width': [
          'interpolate', ['exponential', 1.4], ['zoom'],
          8, ['match', CLASS, 'river', 1.2, 0.5], 14, ['match', CLASS, 'river', 4, 'canal', 2.5, 1.2], 18, ['match', CLASS, 'river', 12, 'canal', 8, 4],
        ],
      },
    },
    {
      id: 'culvert', type: 'line', ...on('water'), minzoom: 14, filter: ['all', LINE, ['==', ['get', 'tunnel'], true]],
      paint: { 'line-color': c.water, 'line-width': 1.2, 'line-dasharray': [2, 2] },
    },
    {
      id: 'building', type: 'fill', ...on('building'), minzoom: 13,
      paint: { 'fill-color': c.building, 'fill-outline-color': c.buildingEdge, 'fill-opacity': over([13, 0.4], [15, 1]) },
    },
  ];
}

function roads(c: Palette): LayerSpecification[] {
  const colour = ['match', CLASS, 'motorway', c.motorway, ['trunk', 'primary', 'secondary'], c.main, c.street] as ExpressionSpecification;
  const is = (key: string): ExpressionSpecification => ['==', ['get', key], true];
  const open: ExpressionSpecification = ['all', IS_BAND, ['!', is('tunnel')], ['!', is('bridge')]];
  const bridge: ExpressionSpecification = ['all', IS_BAND, is('bridge'), ['!', is('tunnel')]];
  const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
  // Where a street is a hair, its edges would be all that is seen of it.
  const small = (seen: number): ExpressionSpecification => ['match', CLASS, ['street', 'pedestrian', 'service'], seen, 1];
  const opacity: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 8, 0, 11, small(0), 12.5, small(0.25), 14, 1];
  const edged = { 'line-color': c.edge, 'line-width': width(1.6), 'line-opacity': opacity };
  return [
    {
      id: 'road-tunnel', type: 'line', ...on('road'), filter: ['all', IS_BAND, is('tunnel')],
      layout: { 'line-join': 'round' }, paint: { 'line-color': c.tunnel, 'line-width': width(0), 'line-dasharray': [1, 0.4] },
    },
    {
      id: 'path', type: 'line', ...on('road'), minzoom: 13, filter: ['match', CLASS, ['path', 'cycleway', 'track', 'steps'], true, false],
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': c.way,
        'line-width': ['interpolate', ['linear'], ['zoom'], 13, 0.5, 15, ['match', CLASS, 'track', 1.4, 'steps', 2.4, 1.1], 18, ['match', CLASS, 'track', 3, 'steps', 5, 2.2]],
        'line-dasharray': ['match', CLASS, 'steps', ['literal', [0.4, 0.3]], 'track', ['literal', [4, 1.5]], ['literal', [2, 1.5]]],
        'line-opacity': over([13, 0.5], [15, 1]),
      },
    },
    { id: 'road-edge', type: 'line', ...on('road'), filter: open, layout: round, paint: edged },
    { id: 'road', type: 'line', ...on('road'), filter: open, layout: round, paint: { 'line-color': colour, 'line-width': width(0) } },
    {
      id: 'rail', type: 'line', ...on('road'), filter: ['match', CLASS, ['rail', 'tram'], true, false],
      paint: { 'line-color': c.rail, 'line-width': over([9, 0.6], [14, 1.4], [18, 3]), 'line-opacity': ['case', is('tunnel'), 0.4, 1] },
    },
    {
      id: 'rail-ties', type: 'line', ...on('road'), minzoom: 13, filter: ['all', ['==', CLASS, 'rail'], ['!', is('tunnel')]],
      paint: { 'line-color': c.rail, 'line-width': over([13, 3], [18, 7]), 'line-dasharray': [0.25, 2.5] },
    },
    { id: 'bridge-edge', type: 'line', ...on('road'), minzoom: 12, filter: bridge, layout: { 'line-join': 'round' }, paint: { ...edged, 'line-width': width(2.4) } },
    { id: 'bridge', type: 'line', ...on('road'), filter: bridge, layout: round, paint: { 'line-color': colour, 'line-width': width(0) } },
    {
      id: 'ferry', type: 'line', ...on('road'), filter: ['==', CLASS, 'ferry'],
      paint: { 'line-color': c.waterText, 'line-width': 1, 'line-dasharray': [4, 3] },
    },
    {
      id: 'oneway', type: 'symbol', ...on('road'), minzoom: 16, filter: ['all', IS_BAND, is('oneway')],
      layout: { 'symbol-placement': 'line', 'symbol-spacing': 120, 'text-field': '→', 'text-size': 14, 'text-font': FONT, 'text-keep-upright': false },
      paint: { 'text-color': c.quiet, 'text-opacity': 0.8 },
    },
  ];
}

function borders(c: Palette): LayerSpecification[] {
  return [
    {
      id: 'border', type: 'line', ...on('boundary'), layout: { 'line-join': 'round' },
      paint: {
        'line-color': c.border,
        'line-width': ['interpolate', ['linear'], ['zoom'], 4, ['match', CLASS, 'country', 1, 0.5], 12, ['match', CLASS, 'country', 2.4, 1.2]],
        'line-dasharray': ['match', CLASS, 'country', ['literal', [5, 1.5]], ['literal', [3, 2]]],
        'line-opacity': 0.75,
      },
    },
  ];
}

function labels(c: Palette, lang: string): LayerSpecification[] {
  const name = nameIn(lang);
  const halo = { 'text-halo-color': c.halo, 'text-halo-width': 1.5 };
  return [
    {
      id: 'stream-name', type: 'symbol', ...on('water'), minzoom: 11, filter: LINE,
      layout: { 'symbol-placement': 'line', 'symbol-spacing': 400, 'text-field': name, 'text-size': over([11, 11], [16, 13]), 'text-font': ITALIC, 'text-letter-spacing': 0.08 },
      paint: { 'text-color': c.waterText, ...halo },
    },
    {
      id: 'road-name', type: 'symbol', ...on('road'), minzoom: 13, filter: ['all', LINE, ['has', 'name']],
      layout: { 'symbol-placement': 'line', 'symbol-spacing': 300, 'text-field': name, 'text-size': over([13, 10], [18, 14]), 'text-font': FONT },
      paint: { 'text-color': c.text, ...halo },
    },
    {
      id: 'road-number', type: 'symbol', ...on('road'), minzoom: 9,
      filter: ['all', ['has', 'ref'], ['match', CLASS, ['motorway', 'trunk', 'primary', 'secondary'], true, false]],
      layout: {
        'symbol-placement': 'line', 'symbol-spacing': 500, 'text-field': ['get', 'ref'], 'text-size': 10, 'text-font': BOLD,
        'text-rotation-alignment': 'viewport', 'icon-rotation-alignment': 'viewport', 'icon-image': 'shield', 'icon-text-fit': 'both', 'icon-text-fit-padding': [1, 3, 1, 3],
      },
      paint: { 'text-color': c.text },
    },
    {
      id: 'house', type: 'symbol', ...on('address'), minzoom: 17,
      layout: { 'text-field': ['get', 'number'], 'text-size': 10, 'text-font': FONT, 'text-padding': 1 },
      paint: { 'text-color': c.quiet, ...halo, 'text-halo-width': 1 },
    },
    {
      id: 'poi', type: 'symbol', ...on('poi'), minzoom: 11,
      layout: {
        'icon-image': ['concat', 'poi:', CLASS], 'icon-size': over([11, 0.7], [16, 0.9]), 'icon-padding': 1, 'symbol-sort-key': ['get', 'rank'],
        'text-field': ['step', ['zoom'], ['match', CLASS, ['peak', 'hospital', 'fire_station', 'station'], name, ''], 15, ['match', CLASS, ['hydrant', 'stop', 'parking'], '', name], 17, name],
        'text-size': 11, 'text-font': FONT, 'text-anchor': 'top', 'text-offset': [0, 0.95], 'text-max-width': 9, 'text-optional': true,
      },
      paint: { 'text-color': c.quiet, ...halo },
    },
    {
      id: 'ground-name', type: 'symbol', ...on('landuse'), minzoom: 12, filter: POINT,
      layout: { 'text-field': name, 'text-size': 11, 'text-font': ITALIC, 'text-max-width': 8 },
      paint: { 'text-color': c.quiet, ...halo },
    },
    {
      id: 'water-name', type: 'symbol', ...on('water'), filter: POINT,
      layout: { 'text-field': name, 'text-size': 12, 'text-font': ITALIC, 'text-max-width': 8 },
      paint: { 'text-color': c.waterText, ...halo },
    },
    {
      id: 'hamlet', type: 'symbol', ...on('place'), minzoom: 11, filter: ['match', CLASS, ['suburb', 'hamlet', 'neighbourhood', 'locality'], true, false],
      layout: {
        'text-field': name, 'text-font': FONT, 'text-max-width': 8, 'symbol-sort-key': ['get', 'rank'],
        'text-size': over([11, 11], [16, 14]), 'text-letter-spacing': 0.04,
      },
      paint: { 'text-color': c.quiet, ...halo },
    },
    {
      id: 'place', type: 'symbol', ...on('place'), maxzoom: 16, filter: ['match', CLASS, ['city', 'town', 'village'], true, false],
      layout: {
        'text-field': name, 'text-font': BOLD, 'text-max-width': 8, 'text-variable-anchor': ['center', 'bottom', 'top'], 'text-radial-offset': 1.5, 'symbol-sort-key': ['get', 'rank'],
        'text-size': ['interpolate', ['linear'], ['zoom'], 6, ['match', CLASS, 'city', 14, 'town', 11, 9], 12, ['match', CLASS, 'city', 22, 'town', 17, 14], 16, ['match', CLASS, 'city', 26, 'town', 22, 19]],
      },
      paint: { 'text-color': c.text, ...halo, 'text-halo-width': 2 },
    },
    {
      id: 'country', type: 'symbol', ...on('place'), maxzoom: 9, filter: ['match', CLASS, ['country', 'region'], true, false],
      layout: {
        'text-field': name, 'text-font': BOLD, 'text-max-width': 7, 'symbol-sort-key': ['get', 'rank'], 'text-letter-spacing': 0.12,
        'text-size': over([3, 11], [8, 18]),
      },
      paint: { 'text-color': c.quiet, ...halo, 'text-halo-width': 2 },
    },
  ];
}
