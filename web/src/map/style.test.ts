import type { StyleSpecification } from 'maplibre-gl';
import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGS } from '../i18n/catalogues';
import type { Look } from '../model/appearance.svelte';
import { GROUND, PALETTES } from './palette';
import { liveStyle, mapStyle } from './style';
import { ICONS, iconOf, topicOf } from './symbol';

const LOOKS = Object.keys(PALETTES) as Look[];
const TILES = { basemap: 'http://127.0.0.1/tiles/{z}/{x}/{y}.mvt' };
const LIVE = 'http://127.0.0.1/live/{z}/{x}/{y}.mvt';

/** The ground with entities on it. */
function whole(look: Look, lang: string): StyleSpecification {
  const [ground, live] = [mapStyle(look, lang, TILES), liveStyle(look, lang, LIVE)];
  return { version: 8, sources: { ...ground.sources, ...live.sources }, layers: [...ground.layers, ...live.layers] };
}

/** Names in a list of words of the tile schema. */
function words(file: string, list: string): string[] {
  const source = readFileSync(new URL(`../../../crates/tiles/src/${file}`, import.meta.url), 'utf8');
  const body = new RegExp(`^    ${list} \\{\\n([^]*?)^    \\}`, 'm').exec(source)?.[1] ?? '';
  return [...body.matchAll(/= "(\w+)"/g)].map((match) => match[1] ?? '');
}

/** Every text in a value that stands as a string. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe('the style', () => {
  for (const look of LOOKS) {
    for (const lang of LANGS) {
      test(`is valid in ${look} and ${lang}`, () => {
        expect(validateStyleMin(mapStyle(look, lang, TILES))).toEqual([]);
      });
    }
  }

  test('names no other server, no glyphs, no sprite', () => {
    const style = mapStyle('light', 'en', { basemap: '/tiles/{z}/{x}/{y}' });
    expect(style.glyphs).toBeUndefined();
    expect(style.sprite).toBeUndefined();
    expect(JSON.stringify(style)).not.toContain('http');
  });

  test('is the same list of layers in every look and language', () => {
    const ids = LOOKS.flatMap((look) => LANGS.map((lang) => whole(look, lang).layers.map((layer) => layer.id).join()));
    expect(new Set(ids).size).toBe(1);
  });

  test('labels in the language of the page, or else as the place writes itself', () => {
    for (const lang of LANGS) {
      const place = mapStyle('light', lang, TILES).layers.find((layer) => layer.id === 'place');
      expect(place).toMatchObject({ layout: { 'text-field': ['coalesce', ['get', `name:${lang}`], ['get', 'name']] } });
    }
  });

  test('knows every layer and class of the tiles, and no other', () => {
    const style = whole('light', 'en');
    const layers = new Set(style.layers.flatMap((layer) => ('source-layer' in layer ? [layer['source-layer']] : [])));
    expect([...layers].sort()).toEqual(words('theme.rs', 'Theme').sort());
    expect([...GROUND].sort()).toEqual(words('subject.rs', 'Landuse').sort());
    const known = new Set(['RoadClass', 'PlaceKind', 'Water', 'Boundary', 'Landuse'].flatMap((list) => words('subject.rs', list)));
    const drawn = texts(style.layers.filter((layer) => 'source-layer' in layer && layer['source-layer'] === 'road'));
    for (const name of words('subject.rs', 'RoadClass')) expect(drawn, name).toContain(name);
    expect(known.size).toBeGreaterThan(40);
  });
});

describe('symbols', () => {
  test('are there for every kind of place, and all are drawn', () => {
    const without = words('subject/poi.rs', 'Poi').filter((name) => iconOf(`poi:${name}`) === 'dot');
    expect(without).toEqual([]);
    for (const [name, path] of ICONS) expect(path, name).toMatch(/^M[\d\s.,a-zA-Z-]+z$/);
  });

  test('tell entities by their types', () => {
    const cases = {
      WaterObserved: 'sensor_water', WeatherObserved: 'sensor_weather', AirQualityObserved: 'sensor_air', OffStreetParking: 'parking',
      TrafficFlowObserved: 'sensor_traffic', AgriParcelRecord: 'sensor_soil', WasteContainer: 'sensor_bin', Thing: 'dot', '': 'dot',
    };
    for (const [type, icon] of Object.entries(cases)) expect(iconOf(`live:${type}`), type).toBe(icon);
    expect(topicOf('fire_station')).toBe('emergency');
    expect(topicOf('nothing')).toBe('other');
  });
});

/** Relative luminance contrast of two colours (WCAG 2.2). */
function contrast(a: string, b: string): number {
  const light = (colour: string): number => {
    const [r = 0, g = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [dark = 0, bright = 0] = [light(a), light(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

describe('palettes', () => {
  test.each(LOOKS)('%s can be read', (look) => {
    const c = PALETTES[look];
    const least = look.startsWith('contrast') ? 7 : 4.5;
    for (const text of [c.text, c.quiet, c.waterText]) expect(contrast(text, c.halo), text).toBeGreaterThanOrEqual(least);
    for (const colour of Object.values(c.symbol)) expect(contrast(colour, c.onSymbol), colour).toBeGreaterThanOrEqual(4.5);
    for (const colour of Object.values(c.state)) expect(contrast(colour, c.halo), colour).toBeGreaterThanOrEqual(3);
  });
});
