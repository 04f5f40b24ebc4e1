/** A value of an attribute in a few words of the reader's language. */
import { inLanguage, type Value } from '../model/entity';
import { positions } from '../model/geometry';
import { speech, t } from '../i18n/speech.svelte';

/** One line of text for a value; relationships give their ids. */
export function brief(value: Value): string {
  switch (value.kind) {
    case 'number':
      return speech.number(value.number);
    case 'text':
    case 'json':
      return value.text;
    case 'truth':
      return value.truth ? t('yes') : t('no');
    case 'time':
      return speech.instant(value.at);
    case 'languages':
      return inLanguage(value.map, speech.lang);
    case 'links':
      return value.ids.join(', ');
    case 'place': {
      const [first] = positions(value.geometry);
      if (first === undefined) return value.geometry.type;
      const point = `${first[1].toFixed(5)}, ${first[0].toFixed(5)}`;
      return value.geometry.type === 'Point' ? point : `${value.geometry.type} (${point} …)`;
    }
  }
}
