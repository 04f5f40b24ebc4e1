/** The colours of the map, one palette for each look. Every role has a colour in each; what is drawn with it is in `layers.ts`. */
import type { Look } from '../model/appearance.svelte';

/** Colours by what they are for. */
export interface Palette {
  land: string;
  /** Ground by its class in the tiles. */
  ground: Record<Ground, string>;
  water: string;
  building: string;
  buildingEdge: string;
  border: string;
  /** Roads, from motorways to paths. */
  motorway: string;
  main: string;
  street: string;
  way: string;
  rail: string;
  /** Edges of roads. */
  edge: string;
  tunnel: string;
  text: string;
  quiet: string;
  waterText: string;
  halo: string;
  /** Symbols by what they are about, and what is drawn on them. */
  symbol: Record<Topic, string>;
  onSymbol: string;
  /** Entities by state. */
  state: Record<State, string>;
}

/** Classes of the layer `landuse`. */
export const GROUND = [
  'wood', 'scrub', 'grass', 'park', 'farmland', 'orchard', 'wetland', 'sand', 'rock', 'glacier', 'residential', 'commercial',
  'industrial', 'education', 'health', 'cemetery', 'pitch', 'parking', 'square',
] as const;
/** A class of the layer `landuse`. */
export type Ground = (typeof GROUND)[number];

/** What symbols are about. */
export type Topic = 'emergency' | 'health' | 'water' | 'transport' | 'civic' | 'nature' | 'other';

/** States of entities in the layer `live`. */
export type State = 'normal' | 'stale' | 'warning' | 'alarm';

const same = (colour: string): Record<Ground, string> =>
  Object.fromEntries(GROUND.map((name) => [name, colour])) as Record<Ground, string>;

const LIGHT: Palette = {
  land: '#f4f3ee',
  ground: {
    wood: '#cfe3c3', scrub: '#dae8cc', grass: '#e2efd5', park: '#d6ebc8', farmland: '#f1eedc', orchard: '#e3edcc', wetland: '#d5e6dc',
    sand: '#f3ead0', rock: '#e6e3dd', glacier: '#e9f4f8', residential: '#ebe8e2', commercial: '#f1e6e2', industrial: '#e7e3e8',
    education: '#f4ecd2', health: '#f6e2df', cemetery: '#d8e2d0', pitch: '#d2e8c6', parking: '#e9e8e6', square: '#eeebe4',
  },
  water: '#a8cfe6', building: '#dcd6cb', buildingEdge: '#c6beb0', border: '#8a6fa8',
  motorway: '#f2b567', main: '#fbe3a1', street: '#ffffff', way: '#b39b7d', rail: '#8f8f8f', edge: '#c4bba9', tunnel: '#eeeae2',
  text: '#22303a', quiet: '#5b6770', waterText: '#22608a', halo: '#ffffff',
  symbol: { emergency: '#c22f26', health: '#b8325f', water: '#1b6a9c', transport: '#2f5fa8', civic: '#6b4e9b', nature: '#4f7a3a', other: '#6f675c' },
  onSymbol: '#ffffff',
  state: { normal: '#1f7a46', stale: '#6d747b', warning: '#b86e00', alarm: '#c5221f' },
};

const DARK: Palette = {
  land: '#161c22',
  ground: {
    wood: '#1c2c24', scrub: '#1d2a25', grass: '#1c2923', park: '#1d3026', farmland: '#1b2120', orchard: '#1f2a22', wetland: '#1a2b2d',
    sand: '#2a2820', rock: '#22272b', glacier: '#26343d', residential: '#1d242b', commercial: '#242429', industrial: '#23242c',
    education: '#28271f', health: '#2d2226', cemetery: '#1e2a25', pitch: '#1d3027', parking: '#20272d', square: '#22282e',
  },
  water: '#17465f', building: '#2a333c', buildingEdge: '#36414b', border: '#a98fd0',
  motorway: '#9a6a2c', main: '#6e5c33', street: '#3d4853', way: '#6a5d4a', rail: '#6c747b', edge: '#10151a', tunnel: '#232b33',
  text: '#e6ebf0', quiet: '#a4b0ba', waterText: '#7db8de', halo: '#12171c',
  symbol: { emergency: '#ff7d70', health: '#ff8fb3', water: '#6cbdf0', transport: '#8db8ff', civic: '#c0a6f2', nature: '#93c97a', other: '#b3aa9d' },
  onSymbol: '#10151a',
  state: { normal: '#5fd38d', stale: '#a0a8b0', warning: '#ffb84d', alarm: '#ff6b61' },
};

const CONTRAST: Palette = {
  land: '#000000',
  ground: { ...same('#000000'), wood: '#0a1f0a', park: '#0a1f0a', industrial: '#141414', residential: '#101010' },
  water: '#00488c', building: '#2b2b2b', buildingEdge: '#b0b0b0', border: '#ff9dff',
  motorway: '#ffd400', main: '#ffffff', street: '#c8c8c8', way: '#9a9a9a', rail: '#9a9a9a', edge: '#000000', tunnel: '#5a5a5a',
  text: '#ffffff', quiet: '#ffffff', waterText: '#9fd8ff', halo: '#000000',
  symbol: { emergency: '#ff8a7a', health: '#ff9dc4', water: '#7fd0ff', transport: '#a8c8ff', civic: '#d9c2ff', nature: '#a5f08a', other: '#ffffff' },
  onSymbol: '#000000',
  state: { normal: '#7dff9e', stale: '#ffffff', warning: '#ffe45c', alarm: '#ff7a70' },
};

const CONTRAST_LIGHT: Palette = {
  land: '#ffffff',
  ground: { ...same('#ffffff'), wood: '#e4f2de', park: '#e4f2de', industrial: '#f0f0f0', residential: '#f4f4f4' },
  water: '#bfe0ff', building: '#d9d9d9', buildingEdge: '#3c3c3c', border: '#7a007a',
  motorway: '#a34700', main: '#000000', street: '#4a4a4a', way: '#5a5a5a', rail: '#5a5a5a', edge: '#ffffff', tunnel: '#a8a8a8',
  text: '#000000', quiet: '#000000', waterText: '#003b75', halo: '#ffffff',
  symbol: { emergency: '#a30000', health: '#8a0045', water: '#003b75', transport: '#00307a', civic: '#45007a', nature: '#124a00', other: '#2b2b2b' },
  onSymbol: '#ffffff',
  state: { normal: '#00571f', stale: '#3c3c3c', warning: '#7a3d00', alarm: '#a30000' },
};

/** The palette of each look. */
export const PALETTES: Record<Look, Palette> = { light: LIGHT, dark: DARK, contrast: CONTRAST, 'contrast-light': CONTRAST_LIGHT };
