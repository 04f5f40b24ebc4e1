/**
 * The map itself: MapLibre on a style with no glyphs and no sprites, so that it needs nothing from any other server. The ground is
 * tiles of our own where there are some, else meridians and parallels. Entities are GeoJSON, points are clustered,
 * lettering comes from the reader's own fonts. Loaded when first shown.
 */
import { type GeoJSONSource, Map as LibreMap, NavigationControl, ScaleControl, setWorkerUrl, type StyleSpecification } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import { token } from '../api/client';
import type { Look } from '../model/appearance.svelte';
import { bounds, type Geometry, graticuleStep, type Position } from '../model/geometry';
import { FONT } from '../map/label';
import { LIVE } from '../map/live';
import { liveStyle, mapStyle, supplySymbols, type Tiles } from '../map/style';
import { typeColour } from '../model/palette';

// The worker is a file of our own origin: the content security policy allows no blob workers.
setWorkerUrl(worker);

/** An entity on the map. */
export interface Marked {
  id: string;
  name: string;
  type: string;
  place: Geometry;
  anchor: Position;
  stale: boolean;
}

/** What the map's own controls say. */
export interface Words {
  zoomIn: string;
  zoomOut: string;
  title: string;
}

interface Colours {
  land: string;
  grid: string;
  text: string;
  halo: string;
  cluster: string;
  onCluster: string;
  ring: string;
}

const COLOURS: Record<Look, Colours> = {
  light: { land: '#eef1ea', grid: '#c9d0c4', text: '#1b232b', halo: '#ffffff', cluster: '#12436d', onCluster: '#ffffff', ring: '#111111' },
  dark: { land: '#141a20', grid: '#2b3640', text: '#e8edf2', halo: '#10151a', cluster: '#8ec5ff', onCluster: '#0b1117', ring: '#ffffff' },
  contrast: { land: '#000000', grid: '#5a5a5a', text: '#ffffff', halo: '#000000', cluster: '#ffe45c', onCluster: '#000000', ring: '#ffffff' },
  'contrast-light': { land: '#ffffff', grid: '#767676', text: '#000000', halo: '#ffffff', cluster: '#00214d', onCluster: '#ffffff', ring: '#000000' },
};

const NOTHING = { type: 'FeatureCollection' as const, features: [] };
/** Milliseconds between two looks at tiles of entities. */
const RENEW = 5000;
const FIT = { padding: 60, maxZoom: 14 };

/** A map in an element. */
export class Chart {
  private readonly map: LibreMap;
  private marked: Marked[] = [];
  private drawn = '';
  private ready = false;
  private fitted = false;
  private moved = false;
  private selected = '';
  private tiles: Tiles | undefined;
  private live: string | undefined;
  private renewing: ReturnType<typeof setInterval> | undefined;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  /** Starts the map, without a basemap at first. Throws when WebGL fails after all. */
  constructor(
    box: HTMLElement,
    private look: Look,
    private lang: string,
    words: Words,
    open: (id: string) => void,
  ) {
    this.map = new LibreMap({
      container: box,
      style: style(look, lang, undefined, undefined),
      center: [0, 20],
      zoom: 1.2,
      // The page says itself whose map it is, as text and not as markup that comes from elsewhere.
      attributionControl: false,
      transformRequest: (url) => ({ url, headers: credentials(url) }),
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 20,
      fadeDuration: this.still ? 0 : 150,
      locale: { 'NavigationControl.ZoomIn': words.zoomIn, 'NavigationControl.ZoomOut': words.zoomOut, 'Map.Title': words.title },
    });
    supplySymbols(this.map, () => this.look);
    // For who looks at the page from outside: tests, and a console.
    Object.assign(box, { map: this.map });
    this.map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right');
    this.map.addControl(new ScaleControl(), 'bottom-left');
    this.map.touchZoomRotate.disableRotation();
    this.map.on('load', () => {
      this.ready = true;
      this.redraw();
      this.grid();
    });
    this.map.on('moveend', (event) => {
      if ((event as { originalEvent?: unknown }).originalEvent !== undefined) this.moved = true;
      this.grid();
    });
    for (const layer of ['points', 'lines', 'areas', 'live-ring', 'live-line', 'live-area']) {
      this.map.on('click', layer, (event) => {
        const { id, entity, count } = event.features?.[0]?.properties ?? {};
        if (count !== undefined) this.move(event.lngLat.toArray(), Math.max(this.map.getZoom() + 2, 9));
        else if (typeof (id ?? entity) === 'string') open((id ?? entity) as string);
      });
      this.pointer(layer);
    }
    this.pointer('clusters');
    this.map.on('click', 'clusters', (event) => {
      const feature = event.features?.[0];
      if (feature?.geometry.type !== 'Point') return;
      const centre = feature.geometry.coordinates as Position;
      void this.source('points')
        ?.getClusterExpansionZoom(feature.properties['cluster_id'] as number)
        .then((zoom) => this.move(centre, zoom));
    });
  }

  /** Shows these entities instead of those before. */
  show(marked: Marked[]): void {
    const now = JSON.stringify(marked);
    if (now === this.drawn) return;
    this.drawn = now;
    this.marked = marked;
    if (this.ready) this.redraw();
  }

  /**
   * Takes on another look, another language for the labels, another ground. `live` is where entities come from when there are more than
   * are held here: tiles then show all of them, and those of the list only the one that is chosen.
   */
  dress(look: Look, lang: string, tiles: Tiles | undefined, live: string | undefined): void {
    const labels = lang !== this.lang && (tiles !== undefined || live !== undefined);
    const other = JSON.stringify(tiles) !== JSON.stringify(this.tiles) || live !== this.live;
    [this.lang, this.tiles, this.live] = [lang, tiles, live];
    if (look === this.look && !labels && !other) return;
    this.look = look;
    clearInterval(this.renewing);
    if (live !== undefined) this.renewing = setInterval(() => this.map.refreshTiles(LIVE), RENEW);
    this.map.setStyle(style(look, lang, tiles, live), { diff: false });
    this.map.once('style.load', () => {
      this.redraw();
      this.grid();
    });
  }

  /** Marks the entity whose card is open. */
  select(id: string | undefined): void {
    this.selected = id ?? '';
    if (this.ready) this.map.setFilter('chosen', ['==', ['get', 'id'], this.selected]);
  }

  /** Moves to an entity. */
  goTo(id: string | undefined): void {
    const found = this.marked.find((one) => one.id === id);
    if (found === undefined) return;
    this.moved = true;
    if (found.place.type === 'Point') this.move(found.anchor, Math.max(this.map.getZoom(), 14));
    else this.fitTo([found.place]);
  }

  /** Moves to a box of degrees (west, south, east, north), unless there are entities to move to or the reader has moved. */
  begin([west, south, east, north]: [number, number, number, number]): void {
    if (this.fitted || this.moved || this.marked.length > 0) return;
    this.map.fitBounds([west, south, east, north], { ...FIT, animate: false });
  }

  /** Moves so that every entity is in sight. */
  fit(): void {
    this.fitTo(this.marked.map((one) => one.place));
  }

  /** Changes what the controls say. */
  say(words: Words): void {
    const set = (selector: string, text: string): void => {
      const found = this.map.getContainer().querySelector(selector);
      found?.setAttribute('aria-label', text);
      if (found instanceof HTMLButtonElement) found.title = text;
    };
    set('.maplibregl-ctrl-zoom-in', words.zoomIn);
    set('.maplibregl-ctrl-zoom-out', words.zoomOut);
    set('.maplibregl-canvas', words.title);
  }

  /** Frees the map. */
  end(): void {
    clearInterval(this.renewing);
    this.map.remove();
  }

  private fitTo(places: Geometry[]): void {
    const box = bounds(places);
    if (box !== undefined) this.map.fitBounds(box, { ...FIT, animate: !this.still });
  }

  private move(center: Position, zoom: number): void {
    if (this.still) this.map.jumpTo({ center, zoom });
    else this.map.easeTo({ center, zoom });
  }

  private pointer(layer: string): void {
    this.map.on('mouseenter', layer, () => (this.map.getCanvas().style.cursor = 'pointer'));
    this.map.on('mouseleave', layer, () => (this.map.getCanvas().style.cursor = ''));
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource(id);
  }

  private redraw(): void {
    const points = this.marked.map((one) => feature(one, { type: 'Point', coordinates: one.anchor }, this.look));
    const shapes = this.marked.filter((one) => one.place.type !== 'Point').map((one) => feature(one, one.place, this.look));
    void this.source('points')?.setData({ type: 'FeatureCollection', features: points });
    void this.source('shapes')?.setData({ type: 'FeatureCollection', features: shapes });
    this.map.setFilter('chosen', ['==', ['get', 'id'], this.selected]);
    // The first entities bring the map to their town; later ones leave it where the reader has it.
    if (!this.fitted && !this.moved && this.marked.length > 0) {
      this.fitted = true;
      const box = bounds(this.marked.map((one) => one.place));
      if (box !== undefined) this.map.fitBounds(box, { ...FIT, animate: false });
    }
  }

  /** Meridians and parallels of what is in sight. */
  private grid(): void {
    const view = this.map.getBounds();
    const [west, east] = [view.getWest(), view.getEast()];
    const [south, north] = [Math.max(-85, view.getSouth()), Math.min(85, view.getNorth())];
    const step = graticuleStep(Math.min(360, Math.max(east - west, north - south)));
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    const lines: ReturnType<typeof line>[] = [];
    for (let lon = Math.ceil(west / step) * step; lon <= east && lines.length < 100; lon += step) {
      lines.push(line([[lon, south], [lon, north]], `${lon.toFixed(digits)}°`));
    }
    for (let lat = Math.ceil(south / step) * step; lat <= north && lines.length < 200; lat += step) {
      lines.push(line([[west, lat], [east, lat]], `${lat.toFixed(digits)}°`));
    }
    void this.source('graticule')?.setData({ type: 'FeatureCollection', features: lines });
  }
}

/** The token goes with requests for tiles too, and to this server alone. */
function credentials(url: string): Record<string, string> {
  const bearer = token();
  return bearer !== undefined && url.startsWith(`${location.origin}/`) ? { authorization: `Bearer ${bearer}` } : {};
}

function line(coordinates: Position[], label: string) {
  return { type: 'Feature' as const, properties: { label }, geometry: { type: 'LineString' as const, coordinates } };
}

function feature(one: Marked, geometry: Geometry, look: Look) {
  const { id, name, stale } = one;
  return { type: 'Feature' as const, properties: { id, name, stale, colour: typeColour(one.type, look) }, geometry };
}

/** Meridians and parallels, where there are no tiles. */
function bare(c: Colours): StyleSpecification {
  return {
    version: 8,
    sources: { graticule: { type: 'geojson', data: NOTHING } },
    layers: [
      { id: 'land', type: 'background', paint: { 'background-color': c.land } },
      { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': c.grid, 'line-width': 1 } },
      {
        id: 'degrees', type: 'symbol', source: 'graticule',
        layout: { 'symbol-placement': 'line', 'text-field': ['get', 'label'], 'text-size': 11, 'text-font': FONT, 'symbol-spacing': 600 },
        paint: { 'text-color': c.text, 'text-halo-color': c.land, 'text-halo-width': 2, 'text-opacity': 0.75 },
      },
    ],
  };
}

function style(look: Look, lang: string, tiles: Tiles | undefined, live: string | undefined): StyleSpecification {
  const all = entities(look, lang, tiles);
  if (live === undefined) return all;
  const tiled = liveStyle(look, lang, live);
  const held = new Set(['areas', 'lines', 'clusters', 'counts', 'points', 'names']);
  const layers = all.layers.filter((layer) => !held.has(layer.id));
  const chosen = layers.findIndex((layer) => layer.id === 'chosen');
  return {
    version: 8,
    // Not in clusters: the one that is chosen must be found.
    sources: { ...all.sources, ...tiled.sources, points: { type: 'geojson', data: NOTHING } },
    layers: [...layers.slice(0, chosen), ...tiled.layers, ...layers.slice(chosen)],
  };
}

/** The ground, and on it entities that are held here. */
function entities(look: Look, lang: string, tiles: Tiles | undefined): StyleSpecification {
  const c = COLOURS[look];
  const ground = tiles === undefined ? bare(c) : mapStyle(look, lang, tiles);
  const single: ['!', ['has', string]] = ['!', ['has', 'point_count']];
  return {
    version: 8,
    sources: {
      ...ground.sources,
      shapes: { type: 'geojson', data: NOTHING },
      points: { type: 'geojson', data: NOTHING, cluster: true, clusterRadius: 36, clusterMaxZoom: 15 },
    },
    layers: [
      // What entities cover lies on the ground and under its labels.
      ...ground.layers.filter((layer) => layer.type !== 'symbol'),
      {
        id: 'areas', type: 'fill', source: 'shapes', filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': tiles === undefined ? 0.2 : 0.15 },
      },
      {
        id: 'lines', type: 'line', source: 'shapes',
        // On a map that has roads and fields of its own, those that are entities too are only marked.
        paint: tiles === undefined
          ? { 'line-color': ['get', 'colour'], 'line-width': 2.5 }
          : { 'line-color': ['get', 'colour'], 'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.5, 16, 2], 'line-opacity': 0.6 },
      },
      ...ground.layers.filter((layer) => layer.type === 'symbol'),
      {
        id: 'clusters', type: 'circle', source: 'points', filter: ['has', 'point_count'],
        paint: {
          'circle-color': c.cluster,
          'circle-radius': ['step', ['get', 'point_count'], 14, 20, 18, 100, 23, 1000, 29],
          'circle-stroke-width': 2, 'circle-stroke-color': c.halo,
        },
      },
      {
        id: 'chosen', type: 'circle', source: 'points', filter: ['==', ['get', 'id'], ''],
        paint: { 'circle-radius': 13, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-width': 3, 'circle-stroke-color': c.ring },
      },
      {
        id: 'points', type: 'circle', source: 'points', filter: single,
        paint: {
          'circle-radius': 7,
          'circle-color': ['case', ['get', 'stale'], c.land, ['get', 'colour']],
          'circle-stroke-width': ['case', ['get', 'stale'], 2.5, 2],
          'circle-stroke-color': ['case', ['get', 'stale'], ['get', 'colour'], c.halo],
        },
      },
      {
        id: 'names', type: 'symbol', source: 'points', filter: single,
        layout: { 'text-field': ['get', 'name'], 'text-size': 12, 'text-font': FONT, 'text-anchor': 'top', 'text-offset': [0, 0.8], 'text-max-width': 9, 'text-optional': true },
        paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.5 },
      },
      // Last, so that names make room for them.
      {
        id: 'counts', type: 'symbol', source: 'points', filter: ['has', 'point_count'],
        layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-size': 13, 'text-font': FONT, 'text-allow-overlap': true, 'text-padding': 12 },
        paint: { 'text-color': c.onCluster },
      },
    ],
  };
}
