// The ground of the tests' town: a map of a few streets, a park, a lake and a wood, as OpenStreetMap XML, around the entities of
// `town.js`. And what the page's map has drawn of it.

const STREETS = [
  ['Bell Street', 'primary', [[87.56, 43.82], [87.6, 43.825], [87.65, 43.82]]],
  ['Mill Lane', 'residential', [[87.6, 43.79], [87.6, 43.825], [87.605, 43.86]]],
  ['Canal Road', 'secondary', [[87.55, 43.8], [87.6, 43.8], [87.66, 43.79]]],
];
const AREAS = [
  [{ landuse: 'forest' }, [[87.53, 43.83], [87.58, 43.83], [87.58, 43.87], [87.53, 43.87]]],
  [{ natural: 'water', name: 'Mirror Lake', 'name:zh': '镜湖', 'name:es': 'Lago Espejo', 'name:ar': 'بحيرة المرآة' }, [[87.61, 43.77], [87.64, 43.765], [87.645, 43.785], [87.615, 43.788]]],
  [{ landuse: 'residential' }, [[87.58, 43.81], [87.63, 43.81], [87.63, 43.835], [87.58, 43.835]]],
];
const PLACES = [
  [{ place: 'town', name: 'Belfort', 'name:zh': '钟楼镇', 'name:es': 'Campanario', 'name:ar': 'برج الجرس' }, [87.605, 43.818]],
  [{ place: 'village', name: 'Mühldorf' }, [87.64, 43.845]],
  [{ amenity: 'fire_station', name: 'Station 1' }, [87.59, 43.815]],
];

/** The map. */
export function ground() {
  const nodes = [];
  const ways = [];
  const tags = (of) => Object.entries(of).map(([k, v]) => `<tag k="${k}" v="${v}"/>`).join('');
  const node = ([lon, lat], of = {}) => nodes.push(`<node id="${nodes.length + 1}" lon="${lon}" lat="${lat}">${tags(of)}</node>`);
  const way = (ids, of) => ways.push(`<way id="${ways.length + 1}">${ids.map((id) => `<nd ref="${id}"/>`).join('')}${tags(of)}</way>`);
  for (const [name, highway, line] of STREETS) way(line.map((at) => node(at)), { highway, name });
  for (const [of, ring] of AREAS) {
    const ids = ring.map((at) => node(at));
    way([...ids, ids[0]], of);
  }
  for (const [of, at] of PLACES) node(at, of);
  return `<osm version="0.6">${nodes.join('')}${ways.join('')}</osm>`;
}

/** Puts a map on a server. */
export async function putBasemap(url, body, query = '') {
  const response = await fetch(`${url}/belfry/v1/registers/basemap${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body,
  });
  if (!response.ok) throw new Error(`PUT basemap: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Waits until the map stands still with every tile of its basemap on it. */
export async function drawn(page, timeout = 30_000) {
  await page.waitForFunction(
    () => {
      const map = document.querySelector('.map [data-points]')?.map;
      return map?.getSource('basemap') !== undefined && map.loaded() && map.areTilesLoaded() && !map.isMoving();
    },
    undefined,
    { timeout },
  );
  // Labels are placed after the tiles are there.
  await page.waitForTimeout(700);
}

/** What the map shows in these layers: the labels as they stand, and the classes of what they are of. */
export function shown(page, layers) {
  return page.evaluate((layers) => {
    const { map } = document.querySelector('.map [data-points]');
    return map.queryRenderedFeatures({ layers }).map((feature) => {
      const { sections } = feature.layer.layout?.['text-field'] ?? {};
      return { layer: feature.layer.id, class: feature.properties.class, label: sections?.map((part) => part.text).join('') };
    });
  }, layers);
}
