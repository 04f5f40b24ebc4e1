import { describe, expect, it } from 'vitest';
import { entityName, type Json, parseEntity, shortName, tail, type Value } from './entity';
import { bounds, graticuleStep, parseGeometry } from './geometry';

function valueOf(attribute: Json): Value | undefined {
  return parseEntity({ id: 'urn:x', type: 'T', a: attribute })?.readings[0]?.value;
}

describe('parseEntity', () => {
  const values: [string, Json, Value | undefined][] = [
    ['a number', { type: 'Property', value: 3.5 }, { kind: 'number', number: 3.5 }],
    ['text', { type: 'Property', value: 'open' }, { kind: 'text', text: 'open' }],
    ['truth', { type: 'Property', value: false }, { kind: 'truth', truth: false }],
    ['null', { type: 'Property', value: null }, { kind: 'json', text: 'null' }],
    ['a typed instant', { type: 'Property', value: { '@type': 'DateTime', '@value': '1970-01-01T00:00:01Z' } }, { kind: 'time', at: 1000 }],
    ['a broken instant', { type: 'Property', value: { '@type': 'DateTime', '@value': 'noon' } }, { kind: 'text', text: 'noon' }],
    ['a list of words', { type: 'Property', value: ['a', 'b'] }, { kind: 'text', text: 'a, b' }],
    ['an object', { type: 'Property', value: { x: 1 } }, { kind: 'json', text: '{"x":1}' }],
    ['a relationship', { type: 'Relationship', object: 'urn:y' }, { kind: 'links', ids: ['urn:y'] }],
    ['several targets', { type: 'Relationship', object: ['urn:y', 'urn:z', 'urn:y'] }, { kind: 'links', ids: ['urn:y', 'urn:z'] }],
    ['a list of targets', { type: 'ListRelationship', objectList: [{ object: 'urn:y' }, 'urn:z'] }, { kind: 'links', ids: ['urn:y', 'urn:z'] }],
    ['languages', { type: 'LanguageProperty', languageMap: { en: 'tower', zh: ['塔', '楼'] } }, { kind: 'languages', map: { en: 'tower', zh: '塔, 楼' } }],
    ['a vocabulary term', { type: 'VocabProperty', vocab: 'https://x.org/v#wet' }, { kind: 'text', text: 'wet' }],
    ['json', { type: 'JsonProperty', json: { a: [1] } }, { kind: 'json', text: '{"a":[1]}' }],
    ['a list', { type: 'ListProperty', valueList: [1, 2] }, { kind: 'text', text: '1, 2' }],
    ['a place', { type: 'GeoProperty', value: { type: 'Point', coordinates: [1, 2, 9] } }, { kind: 'place', geometry: { type: 'Point', coordinates: [1, 2] } }],
    ['an impossible place', { type: 'GeoProperty', value: { type: 'Point', coordinates: [999, 2] } }, { kind: 'json', text: '{"type":"Point","coordinates":[999,2]}' }],
    ['an attribute without any value', { type: 'Property' }, undefined],
    ['not an attribute', 'loose', undefined],
  ];
  it.each(values)('%s', (_, attribute, expected) => {
    expect(valueOf(attribute)).toEqual(expected);
  });

  it('takes every dataset, the newest observation and the location before other places', () => {
    const entity = parseEntity({
      id: 'urn:ngsi-ld:Probe:7',
      type: ['Probe', 'Device'],
      modifiedAt: '2026-01-01T00:00:09Z',
      gate: { type: 'GeoProperty', value: { type: 'Point', coordinates: [5, 5] } },
      location: { type: 'GeoProperty', value: { type: 'LineString', coordinates: [[0, 0], [2, 4]] } },
      t: [
        { type: 'Property', value: 1, datasetId: 'urn:a', unitCode: 'CEL', observedAt: '2026-01-01T00:00:05Z' },
        { type: 'Property', value: 2, datasetId: 'urn:b', observedAt: '2026-01-01T00:00:03Z' },
      ],
    });
    expect(entity?.types).toEqual(['Probe', 'Device']);
    expect(entity?.readings.map((r) => r.datasetId)).toEqual([undefined, undefined, 'urn:a', 'urn:b']);
    expect(entity?.readings[2]?.unit).toBe('CEL');
    expect(entity?.observedAt).toBe(Date.parse('2026-01-01T00:00:05Z'));
    expect(entity?.modifiedAt).toBe(Date.parse('2026-01-01T00:00:09Z'));
    expect(entity?.anchor).toEqual([1, 2]);
  });

  it.each([[null], [1], ['x'], [[]], [{ type: 'T' }]] as [Json][])('has nothing to show for %j', (json) => {
    expect(parseEntity(json)).toBeUndefined();
  });
});

describe('names', () => {
  it('prefers the name in the reader’s language', () => {
    const entity = parseEntity({ id: 'urn:ngsi-ld:T:1', type: 'T', name: { type: 'LanguageProperty', languageMap: { en: 'tower', ar: 'برج' } } });
    if (entity === undefined) throw new Error('not parsed');
    expect(entityName(entity, 'ar')).toBe('برج');
    expect(entityName(entity, 'es')).toBe('tower');
  });
  it.each([
    ['https://uri.etsi.org/ngsi-ld/default-context/speed', 'speed'],
    ['https://x.org/v#speed', 'speed'],
    ['speed', 'speed'],
    ['a:b', 'a:b'],
  ])('shortens %s', (name, short) => {
    expect(shortName(name)).toBe(short);
  });
  it.each([
    ['urn:ngsi-ld:Probe:north:7', 'north:7'],
    ['https://x.org/things/9', '9'],
    ['urn:uuid:5', 'urn:uuid:5'],
  ])('takes the end of %s', (id, end) => {
    expect(tail(id)).toBe(end);
  });
});

describe('geometry', () => {
  it.each([
    [{ type: 'Point', coordinates: [] }],
    [{ type: 'Point', coordinates: ['1', 2] }],
    [{ type: 'Polygon', coordinates: [[]] }],
    [{ type: 'Polygon', coordinates: [[0, 0]] }],
    [{ type: 'Circle', coordinates: [0, 0] }],
    [{ type: 'Point' }],
  ] as [Json][])('refuses %j', (json) => {
    expect(parseGeometry(json)).toBeUndefined();
  });
  it('bounds', () => {
    expect(bounds([])).toBeUndefined();
    expect(bounds([{ type: 'Point', coordinates: [1, 2] }, { type: 'LineString', coordinates: [[-3, 0], [0, 8]] }])).toEqual([-3, 0, 1, 8]);
  });
  it('chooses four to twelve graticule lines', () => {
    for (let span = 0.001; span < 360; span *= 1.3) {
      const lines = span / graticuleStep(span);
      expect(lines).toBeGreaterThanOrEqual(4);
      expect(lines).toBeLessThanOrEqual(12.1);
    }
  });
});
