/** Symbols of the map, drawn by the browser from the icons beside this file in the colours of the look: no sprite sheet to fetch. */
import type { Palette, Topic } from './palette';

const FILES = import.meta.glob<string>('./icons/*.svg', { query: '?raw', import: 'default', eager: true });

/** The outline of each icon, on a square of 15. */
export const ICONS: ReadonlyMap<string, string> = new Map(
  Object.entries(FILES).map(([path, svg]) => [path.replace(/^.*\/|\.svg$/g, ''), / d="([^"]+)"/.exec(svg)?.[1] ?? '']),
);

/** Icons that stand for several kinds of places. */
const STANDS_FOR: Record<string, string> = { sewage: 'water_works', kindergarten: 'kindergarten' };

const TOPICS: Record<Exclude<Topic, 'other'>, readonly string[]> = {
  emergency: ['fire_station', 'rescue', 'police', 'shelter', 'assembly', 'siren', 'hydrant', 'defibrillator'],
  health: ['hospital', 'clinic', 'pharmacy'],
  water: ['water_works', 'sewage', 'fire_water', 'harbour', 'drinking_water', 'sensor_water'],
  transport: ['station', 'stop', 'bus_station', 'helipad', 'airfield', 'parking', 'charging', 'fuel', 'sensor_traffic', 'sensor_vehicle'],
  civic: ['town_hall', 'school', 'kindergarten', 'university', 'library', 'community', 'post', 'culture'],
  nature: ['peak', 'view', 'playground', 'sport', 'sensor_soil', 'sensor_weather', 'sensor_air'],
};

/** Words in the names of entity types, and the icon of what they measure. The first that fits counts. */
const KINDS: readonly [RegExp, string][] = [
  [/soil|crop|irrigat|agri/i, 'sensor_soil'],
  [/weather|temperature|meteo/i, 'sensor_weather'],
  [/air|dust|smoke/i, 'sensor_air'],
  [/noise|sound/i, 'sensor_noise'],
  [/parking/i, 'parking'],
  [/traffic|crowdflow|road/i, 'sensor_traffic'],
  [/vehicle|bus|transport/i, 'sensor_vehicle'],
  [/waste|bin|container/i, 'sensor_bin'],
  [/hydrant/i, 'hydrant'],
  [/water|flood|river|canal|sewer/i, 'sensor_water'],
  [/energy|power|meter|light/i, 'sensor_energy'],
  [/school/i, 'school'],
  [/alert|alarm|siren/i, 'siren'],
];

/** The icon of a kind of place or of an entity's type. */
export function iconOf(image: string): string {
  const [group, name = ''] = image.split(/:(.*)/s);
  if (group === 'live') return KINDS.find(([word]) => word.test(name))?.[1] ?? 'dot';
  const icon = STANDS_FOR[name] ?? name;
  return ICONS.has(icon) ? icon : 'dot';
}

/** What a kind of place is about. */
export function topicOf(name: string): Topic {
  const found = Object.entries(TOPICS).find(([, names]) => names.includes(name));
  return (found?.[0] as Topic | undefined) ?? 'other';
}

/** Pixels of a symbol's side. */
export const SIZE = 22;

/** Draws a symbol: a disc in the colour of its topic with the icon on it. `ratio`: pixels of the screen to one of the page. */
export function drawSymbol(image: string, palette: Palette, ratio: number): ImageData | undefined {
  const context = canvas(SIZE * ratio);
  if (context === null) return undefined;
  const icon = iconOf(image);
  context.scale(ratio, ratio);
  context.beginPath();
  context.arc(SIZE / 2, SIZE / 2, SIZE / 2 - 1, 0, 2 * Math.PI);
  context.fillStyle = palette.symbol[topicOf(image.startsWith('poi:') ? image.slice(4) : icon)];
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = palette.halo;
  context.stroke();
  context.translate(3.5, 3.5);
  context.fillStyle = palette.onSymbol;
  context.fill(new Path2D(ICONS.get(icon) ?? ''), 'evenodd');
  return context.getImageData(0, 0, SIZE * ratio, SIZE * ratio);
}

/** Pixels of the shield on which a road's number stands; its middle is stretched. */
export const SHIELD = { width: 20, height: 16, edge: 4 };

/** Draws the shield. */
export function drawShield(palette: Palette, ratio: number): ImageData | undefined {
  const { width, height, edge } = SHIELD;
  const context = canvas(width * ratio, height * ratio);
  if (context === null) return undefined;
  context.scale(ratio, ratio);
  context.beginPath();
  context.roundRect(0.75, 0.75, width - 1.5, height - 1.5, edge - 1);
  context.fillStyle = palette.halo;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = palette.quiet;
  context.stroke();
  return context.getImageData(0, 0, width * ratio, height * ratio);
}

function canvas(width: number, height = width): CanvasRenderingContext2D | null {
  const made = document.createElement('canvas');
  made.width = width;
  made.height = height;
  return made.getContext('2d', { willReadFrequently: true });
}
