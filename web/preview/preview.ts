/** The map alone, to look at its style: `?look=dark&lang=ar#14/47.14/9.52` on tiles of the server that serves this page. No part of the product. */
import { Map as LibreMap, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import { PALETTES } from '../src/map/palette';
import { mapStyle, supplySymbols } from '../src/map/style';
import type { Look } from '../src/model/appearance.svelte';
import './preview.css';

setWorkerUrl(worker);
const asked = new URLSearchParams(location.search);
const look = (Object.keys(PALETTES) as Look[]).find((one) => one === asked.get('look')) ?? 'light';
const tiles = { basemap: `${location.origin}/tiles/{z}/{x}/{y}.mvt` };
const map = new LibreMap({
  container: 'map',
  style: mapStyle(look, asked.get('lang') ?? 'en', tiles),
  center: [9.535, 47.15],
  zoom: 10.4,
  hash: true,
  maxZoom: 20,
  fadeDuration: 0,
});
map.addControl(new NavigationControl());
map.addControl(new ScaleControl());
supplySymbols(map, () => look);
map.on('idle', () => document.body.setAttribute('data-idle', ''));
