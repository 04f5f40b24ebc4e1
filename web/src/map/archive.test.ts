/** The tiles and archives of `crates/tiles`, read by decoders that others wrote. */
import { VectorTile } from '@mapbox/vector-tile';
import { readFileSync } from 'node:fs';
import { PbfReader } from 'pbf';
import { PMTiles, type RangeResponse, type Source, zxyToTileId } from 'pmtiles';
import { beforeAll, expect, test } from 'vitest';

const bytes = readFileSync(new URL('../../../crates/tiles/tests/golden/town.pmtiles', import.meta.url));

class Memory implements Source {
  getKey(): string {
    return 'town';
  }
  getBytes(offset: number, length: number): Promise<RangeResponse> {
    const part = bytes.subarray(offset, offset + length);
    return Promise.resolve({ data: part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength) as ArrayBuffer });
  }
}

const archive = new PMTiles(new Memory());

async function tile(z: number, x: number, y: number): Promise<VectorTile> {
  const found = await archive.getZxy(z, x, y);
  if (found === undefined) throw new Error(`no tile ${z}/${x}/${y}`);
  return new VectorTile(new PbfReader(new Uint8Array(found.data)));
}

let town: VectorTile;
beforeAll(async () => {
  town = await tile(12, 2156, 1438);
});

test('the header and the metadata say what is in it', async () => {
  const header = await archive.getHeader();
  expect(header).toMatchObject({ specVersion: 3, clustered: true, tileType: 1, minZoom: 6, maxZoom: 17 });
  const metadata = (await archive.getMetadata()) as { vector_layers: { id: string }[]; attribution: string };
  expect(metadata.vector_layers.map((layer) => layer.id)).toContain('road');
  expect(metadata.attribution).toBe('© Nobody');
});

test('tiles that are not there are not found', async () => {
  expect(await archive.getZxy(12, 0, 0)).toBeUndefined();
  expect(await archive.getZxy(13, 4313, 2877)).toBeUndefined();
  expect(zxyToTileId(12, 3423, 1763)).toBe(19078479);
});

test('layers and fields are as the schema says', async () => {
  expect(Object.keys(town.layers).sort()).toEqual(['boundary', 'landuse', 'place', 'poi', 'road', 'water']);
  const place = town.layers['place']?.feature(0);
  expect(place?.properties).toMatchObject({ class: 'town', name: 'Vaduz', 'name:zh': '瓦杜茲', 'name:ar': 'فادوز', capital: true });
  expect(place?.id).toBe(21);
  const house = (await tile(17, 69002, 46028)).layers['address']?.feature(0);
  expect(house?.properties).toEqual({ number: '12a' });
});

test('lines are joined and keep what tells them apart', () => {
  const roads = town.layers['road'];
  const read = Array.from({ length: roads?.length ?? 0 }, (_, index) => roads?.feature(index).properties);
  expect(read).toHaveLength(2);
  expect(read).toContainEqual({ class: 'primary', ref: '28', name: 'Landstrasse' });
  expect(read).toContainEqual({ class: 'primary', ref: '28', name: 'Landstrasse', bridge: true });
});

test('rings are wound as the format demands, with holes after their outer rings', () => {
  const ground = town.layers['landuse'];
  const wood = Array.from({ length: ground?.length ?? 0 }, (_, index) => ground?.feature(index)).find(
    (feature) => feature?.properties['class'] === 'wood' && feature.type === 3,
  );
  const rings = wood?.loadGeometry() ?? [];
  const areas = rings.map((ring) => ring.reduce((sum, at, index) => {
    const next = ring[(index + 1) % ring.length] ?? at;
    return sum + at.x * next.y - next.x * at.y;
  }, 0));
  expect(areas.map(Math.sign)).toEqual([1, -1, 1]);
  // As GeoJSON: two polygons, the first with a hole.
  const geometry = wood?.toGeoJSON(2156, 1438, 12).geometry;
  expect(geometry?.type).toBe('MultiPolygon');
  if (geometry?.type === 'MultiPolygon') expect(geometry.coordinates.map((polygon) => polygon.length)).toEqual([2, 1]);
});

test('what lies across the antimeridian is on both sides', async () => {
  for (const x of [0, 63]) expect((await tile(6, x, 34)).layers['landuse']?.length).toBe(1);
});
