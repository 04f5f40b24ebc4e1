/** The style of the map: sources and layers for a look and a language. It names no glyphs and no sprites, so nothing but tiles is fetched. */
import type { Map as LibreMap, StyleSpecification } from 'maplibre-gl';
import type { Look } from '../model/appearance.svelte';
import { BASEMAP, basemapLayers } from './layers';
import { LIVE, liveLayers } from './live';
import { PALETTES } from './palette';
import { drawShield, drawSymbol, SHIELD } from './symbol';

/** Where the ground comes from: an address with `{z}`, `{x}` and `{y}`. */
export interface Tiles {
  basemap: string;
  /** Zooms of the basemap; beyond the deepest one its tiles are enlarged. */
  minzoom?: number;
  maxzoom?: number;
}

/** The deepest zoom that is asked for when nothing is said. House numbers begin at 17. */
const DEEPEST = 17;
/** The deepest zoom of entities; from 15 on each is by itself. */
const DEEPEST_LIVE = 16;

const vector = (url: string, minzoom: number, maxzoom: number) => ({ type: 'vector' as const, tiles: [url], minzoom, maxzoom });

/** The style of the ground. */
export function mapStyle(look: Look, lang: string, tiles: Tiles): StyleSpecification {
  return {
    version: 8,
    sources: { [BASEMAP]: vector(tiles.basemap, tiles.minzoom ?? 0, tiles.maxzoom ?? DEEPEST) },
    layers: basemapLayers(PALETTES[look], lang),
  };
}

/** The style of entities from tiles, at an address like that of the ground; it has none of its own. */
export function liveStyle(look: Look, lang: string, url: string): StyleSpecification {
  return { version: 8, sources: { [LIVE]: vector(url, 0, DEEPEST_LIVE) }, layers: liveLayers(PALETTES[look], lang) };
}

/** Draws symbols when the style asks for them, in the look that `look` says then. */
export function supplySymbols(map: LibreMap, look: () => Look): void {
  const ratio = Math.max(1, Math.ceil(window.devicePixelRatio));
  map.setMissingStyleImageResolver((id) => {
    if (map.hasImage(id)) return;
    const palette = PALETTES[look()];
    if (id === 'shield') {
      const image = drawShield(palette, ratio);
      const { width, height, edge } = SHIELD;
      const [from, right, bottom] = [edge * ratio, (width - edge) * ratio, (height - edge) * ratio];
      if (image) map.addImage(id, image, { pixelRatio: ratio, stretchX: [[from, right]], stretchY: [[from, bottom]], content: [from, from / 2, right, bottom + from / 2] });
    } else if (/^(poi|live):/.test(id)) {
      const image = drawSymbol(id, palette, ratio);
      if (image) map.addImage(id, image, { pixelRatio: ratio });
    }
  });
}
