import { expect, it } from 'vitest';
import { type Entity, parseEntity } from './entity';
import { matching, typeCounts } from './filter';

function thing(id: string, type: string | string[], name?: string): Entity {
  const json = { id, type, ...(name !== undefined && { name: { type: 'Property', value: name } }) };
  const entity = parseEntity(json);
  if (entity === undefined) throw new Error('not parsed');
  return entity;
}

const town = [
  thing('urn:ngsi-ld:Well:10', 'Well', 'Well 10'),
  thing('urn:ngsi-ld:Well:9', 'Well', 'Well 9'),
  thing('urn:ngsi-ld:Gate:a', ['Gate', 'Device'], 'Östliches Tor'),
  thing('urn:ngsi-ld:Gate:b', 'Gate'),
];

it.each([
  ['', '', ['b', 'Östliches Tor', 'Well 9', 'Well 10']],
  ['well', '', ['Well 9', 'Well 10']],
  ['WELL 10', '', ['Well 10']],
  ['ngsi-ld:gate', '', ['b', 'Östliches Tor']],
  ['device', '', ['Östliches Tor']],
  ['tor öst', '', ['Östliches Tor']],
  ['', 'Gate', ['b', 'Östliches Tor']],
  ['well', 'Gate', []],
] as [string, string, string[]][])('"%s" in type "%s"', (words, type, names) => {
  expect(matching(town, words, type, 'en').map((one) => one.name)).toEqual(names);
});

it('counts types, each entity under each of its types', () => {
  expect(typeCounts(town)).toEqual([['Device', 1], ['Gate', 2], ['Well', 2]]);
});
