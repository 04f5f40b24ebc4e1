/** GeoJSON geometry (RFC 7946) as the page draws it: checked positions, an anchor point, and bounds. Not a geometry library. */
import { isObject, type Json } from './entity';

/** Longitude and latitude in degrees, WGS 84. */
export type Position = [number, number];

/** A geometry whose positions were checked to be finite and on the globe. */
export type Geometry =
  | { type: 'Point'; coordinates: Position }
  | { type: 'MultiPoint' | 'LineString'; coordinates: Position[] }
  | { type: 'MultiLineString' | 'Polygon'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] };

const DEPTH: Record<string, number> = { Point: 0, MultiPoint: 1, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 };

/** Reads a geometry, dropping altitudes. `undefined` for anything that is not one the map can draw. */
export function parseGeometry(json: Json): Geometry | undefined {
  if (!isObject(json) || typeof json['type'] !== 'string') return undefined;
  const depth = DEPTH[json['type']];
  if (depth === undefined) return undefined;
  const coordinates = nested(json['coordinates'], depth);
  return coordinates === undefined ? undefined : ({ type: json['type'], coordinates } as Geometry);
}

function nested(json: Json | undefined, depth: number): unknown {
  if (!Array.isArray(json)) return undefined;
  if (depth === 0) {
    const [lon, lat] = json;
    const good = typeof lon === 'number' && typeof lat === 'number' && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
    return good ? [lon, lat] : undefined;
  }
  const out = json.map((one) => nested(one, depth - 1));
  return out.length === 0 || out.includes(undefined) ? undefined : out;
}

/** Every position of a geometry, in order. */
export function positions(geometry: Geometry): Position[] {
  switch (geometry.type) {
    case 'Point':
      return [geometry.coordinates];
    case 'MultiPoint':
    case 'LineString':
      return geometry.coordinates;
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates.flat();
    case 'MultiPolygon':
      return geometry.coordinates.flat(2);
  }
}

/** One point that stands for the geometry on the map: the point itself, or the middle of its bounding box. */
export function anchor(geometry: Geometry): Position {
  if (geometry.type === 'Point') return geometry.coordinates;
  const [west, south, east, north] = bounds([geometry]) ?? [0, 0, 0, 0];
  return [(west + east) / 2, (south + north) / 2];
}

/** West, south, east, north of some geometries; `undefined` for none. The antimeridian is not crossed. */
export function bounds(geometries: Iterable<Geometry>): [number, number, number, number] | undefined {
  let box: [number, number, number, number] | undefined;
  for (const geometry of geometries) {
    for (const [lon, lat] of positions(geometry)) {
      box ??= [lon, lat, lon, lat];
      box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
    }
  }
  return box;
}

/** The step of the graticule, in degrees, that puts about six lines across `span` degrees. */
export function graticuleStep(span: number): number {
  const steps = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
  return steps.find((step) => span / step >= 4) ?? 0.0001;
}
