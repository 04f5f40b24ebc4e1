/** UN/CEFACT Recommendation 20 unit codes (what NGSI-LD calls `unitCode`) as the symbols people write. */

const SYMBOLS: Record<string, string> = {
  CEL: '°C', FAH: '°F', KEL: 'K', P1: '%', C62: '', E48: '', DD: '°',
  MTR: 'm', CMT: 'cm', MMT: 'mm', KMT: 'km', MTK: 'm²', KMK: 'km²', HAR: 'ha', MTQ: 'm³', LTR: 'l', MLT: 'ml',
  MTS: 'm/s', KMH: 'km/h', MQH: 'm³/h', MQS: 'm³/s', L2: 'l/min', G51: 'l/s',
  KGM: 'kg', GRM: 'g', TNE: 't', GP: 'mg/m³', GQ: 'µg/m³', '59': 'ppm', '61': 'ppb', M1: 'mg/l',
  PAL: 'Pa', KPA: 'kPa', A97: 'hPa', BAR: 'bar', MBR: 'mbar',
  VLT: 'V', '2Z': 'mV', AMP: 'A', '4K': 'mA', WTT: 'W', KWT: 'kW', MAW: 'MW', WHR: 'Wh', KWH: 'kWh', MWH: 'MWh', HTZ: 'Hz',
  LUX: 'lx', D54: 'W/m²', '2N': 'dB', DBM: 'dBm', D10: 'S/m', '4Y': 'mS', H61: 'mS/cm', Q30: 'pH',
  SEC: 's', C26: 'ms', MIN: 'min', HUR: 'h', DAY: 'd', MON: 'mo', ANN: 'a',
};

/** The symbol of a unit code; a code this table does not know is shown as it is. */
export function unitSymbol(code: string | undefined): string {
  return code === undefined ? '' : (SYMBOLS[code] ?? code);
}
