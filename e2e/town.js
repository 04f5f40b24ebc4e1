// The small town that the tests post: a few entities of each kind the page shows.

/** A numeric property. */
export const number = (value, unitCode, observedAt = new Date().toISOString()) => ({ type: 'Property', value, unitCode, observedAt });

/** A point. */
export const point = (lon, lat) => ({ type: 'GeoProperty', value: { type: 'Point', coordinates: [lon, lat] } });

export const HALL = 'urn:ngsi-ld:Building:hall';
export const STATION = 'urn:ngsi-ld:WeatherStation:north';
export const GAUGE = 'urn:ngsi-ld:WaterGauge:canal-1';
export const OLD = 'urn:ngsi-ld:SoilProbe:field-7';

/** The entities, fresh at the time of the call. */
export function town() {
  return [
    {
      id: HALL,
      type: 'Building',
      name: { type: 'LanguageProperty', languageMap: { en: 'Town hall', zh: '市政厅', es: 'Ayuntamiento', ar: 'دار البلدية' } },
      location: {
        type: 'GeoProperty',
        value: { type: 'Polygon', coordinates: [[[87.59, 43.82], [87.6, 43.82], [87.6, 43.83], [87.59, 43.83], [87.59, 43.82]]] },
      },
    },
    {
      id: STATION,
      type: 'WeatherStation',
      name: { type: 'Property', value: 'North station' },
      temperature: number(21.5, 'CEL'),
      humidity: number(40, 'P1'),
      locatedAt: { type: 'Relationship', object: HALL },
      location: point(87.61, 43.84),
    },
    {
      id: GAUGE,
      type: 'WaterGauge',
      name: { type: 'Property', value: 'Canal gauge 1' },
      level: number(1.25, 'MTR'),
      gateOpen: { type: 'Property', value: true },
      location: point(87.56, 43.8),
    },
    {
      id: OLD,
      type: 'SoilProbe',
      name: { type: 'Property', value: 'Probe in field 7' },
      soilMoisture: number(31, 'P1', new Date(Date.now() - 26 * 3_600_000).toISOString()),
      location: point(87.65, 43.78),
    },
  ];
}
