/**
 * An entity as the page sees it: parsed once from normalized NGSI-LD (ETSI GS CIM 009, clause 4.5) into flat, typed
 * readings. Unknown attribute kinds are kept as JSON text, never an error: one odd entity must not empty the list.
 */
import { anchor, type Geometry, parseGeometry, type Position } from './geometry';

/** Anything a JSON parser gives. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The value of one attribute instance. */
export type Value =
  | { kind: 'number'; number: number }
  | { kind: 'text'; text: string }
  | { kind: 'truth'; truth: boolean }
  | { kind: 'time'; at: number }
  | { kind: 'languages'; map: Record<string, string> }
  | { kind: 'links'; ids: string[] }
  | { kind: 'place'; geometry: Geometry }
  | { kind: 'json'; text: string };

/** One attribute instance: several may share a name under different dataset ids. */
export interface Reading {
  name: string;
  datasetId?: string;
  value: Value;
  unit?: string;
  /** When it was measured; milliseconds since 1970. */
  observedAt?: number;
  /** When the broker stored it; milliseconds since 1970. */
  modifiedAt?: number;
}

/** One entity. Immutable: a change makes a new one. */
export interface Entity {
  id: string;
  types: string[];
  readings: Reading[];
  place?: Geometry;
  anchor?: Position;
  /** Newest observation of any attribute, milliseconds since 1970; absent for things nobody measures. */
  observedAt?: number;
  modifiedAt: number;
}

const META = new Set(['id', 'type', '@context', 'scope', 'createdAt', 'modifiedAt', 'deletedAt', 'expiresAt']);
const NAMES = ['name', 'title', 'label', 'alternateName'];

/** Parses one normalized entity. `undefined` when it has no id: there is nothing to show then. */
export function parseEntity(json: Json): Entity | undefined {
  if (!isObject(json) || typeof json['id'] !== 'string') return undefined;
  const readings: Reading[] = [];
  let place: Geometry | undefined;
  let observedAt: number | undefined;
  for (const [key, raw] of Object.entries(json)) {
    if (META.has(key)) continue;
    for (const one of Array.isArray(raw) ? raw : [raw]) {
      const reading = parseReading(key, one);
      if (reading === undefined) continue;
      readings.push(reading);
      if (reading.observedAt !== undefined) observedAt = Math.max(observedAt ?? reading.observedAt, reading.observedAt);
      if (reading.value.kind === 'place' && (place === undefined || shortName(key) === 'location')) place = reading.value.geometry;
    }
  }
  const at = place === undefined ? undefined : anchor(place);
  return {
    id: json['id'],
    types: unique(strings(json['type'])),
    readings,
    modifiedAt: time(json['modifiedAt']) ?? time(json['createdAt']) ?? 0,
    ...(place !== undefined && { place }),
    ...(at !== undefined && { anchor: at }),
    ...(observedAt !== undefined && { observedAt }),
  };
}

function parseReading(name: string, json: Json | undefined): Reading | undefined {
  if (!isObject(json)) return undefined;
  const value = parseValue(json);
  if (value === undefined) return undefined;
  const observedAt = time(json['observedAt']);
  const modifiedAt = time(json['modifiedAt']);
  return {
    name,
    value,
    ...(typeof json['datasetId'] === 'string' && { datasetId: json['datasetId'] }),
    ...(typeof json['unitCode'] === 'string' && { unit: json['unitCode'] }),
    ...(observedAt !== undefined && { observedAt }),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
}

function parseValue(json: Record<string, Json>): Value | undefined {
  const { value, object, languageMap, vocab } = json;
  if (object !== undefined) return { kind: 'links', ids: unique(strings(object)) };
  if (json['objectList'] !== undefined) {
    const list = Array.isArray(json['objectList']) ? json['objectList'] : [json['objectList']];
    return { kind: 'links', ids: unique(list.flatMap((one) => (isObject(one) ? strings(one['object']) : strings(one)))) };
  }
  if (isObject(languageMap)) {
    const pairs = Object.entries(languageMap).map(([lang, text]): [string, string] => [lang, strings(text).join(', ')]);
    return { kind: 'languages', map: Object.fromEntries(pairs) };
  }
  if (vocab !== undefined) return { kind: 'text', text: strings(vocab).map(shortName).join(', ') };
  if (json['json'] !== undefined) return { kind: 'json', text: JSON.stringify(json['json']) };
  const plain = value === undefined ? json['valueList'] : value;
  if (plain === undefined) return undefined;
  return plainValue(plain);
}

function plainValue(value: Json): Value {
  if (typeof value === 'number') return { kind: 'number', number: value };
  if (typeof value === 'boolean') return { kind: 'truth', truth: value };
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (isObject(value)) {
    const geometry = parseGeometry(value);
    if (geometry !== undefined) return { kind: 'place', geometry };
    const inner = value['@value'];
    if (typeof inner === 'string') {
      const at = time(inner);
      return value['@type'] === 'DateTime' && at !== undefined ? { kind: 'time', at } : { kind: 'text', text: inner };
    }
  }
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' || typeof one === 'number')) {
    return { kind: 'text', text: value.join(', ') };
  }
  return { kind: 'json', text: JSON.stringify(value) };
}

/** What to call an entity in this language: its name attribute, or else the end of its id. */
export function entityName(entity: Entity, lang: string): string {
  for (const wanted of NAMES) {
    for (const { name, value } of entity.readings) {
      if (shortName(name) !== wanted) continue;
      if (value.kind === 'text' && value.text !== '') return value.text;
      if (value.kind === 'languages') {
        const text = inLanguage(value.map, lang);
        if (text !== '') return text;
      }
    }
  }
  return tail(entity.id);
}

/** The text of a language map in `lang`, else without its region, else `@none`, English, or whatever there is. */
export function inLanguage(map: Record<string, string>, lang: string): string {
  return map[lang] ?? map[lang.split('-')[0] ?? lang] ?? map['@none'] ?? map['en'] ?? Object.values(map)[0] ?? '';
}

/** The last part of a name that may be a full IRI: `https://x.org/a#speed` is `speed`. */
export function shortName(name: string): string {
  if (!name.includes('://')) return name;
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('#')) + 1) || name;
}

/** The readable end of an entity id: `urn:ngsi-ld:WeatherStation:north` is `north`. */
export function tail(id: string): string {
  const urn = /^urn:ngsi-ld:[^:]+:(.+)$/.exec(id);
  return urn?.[1] ?? (id.includes('://') ? shortName(id) : id);
}

function time(value: Json | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

function strings(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function unique(all: string[]): string[] {
  return [...new Set(all)];
}

/** True for a JSON object that is not an array. */
export function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
