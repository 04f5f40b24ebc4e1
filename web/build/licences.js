// Writes dist/licences.txt: the licence of every package whose code may be in the bundle, as their licences ask.
// Which packages those are is read from the lock file: all that are not only for development, and Svelte's runtime.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const parts = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  const name = path.replace(/^.*node_modules\//, '');
  if (path === '' || (entry.dev === true && !['svelte', 'esm-env', 'clsx'].includes(name)) || name.startsWith('@types/')) continue;
  const folder = join(root, path);
  if (!existsSync(folder)) continue;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  parts.push(`${name} ${entry.version} (${entry.license ?? 'licence in its text'})\n\n${texts.join('\n\n')}`.trim());
}
writeFileSync(join(root, 'dist/licences.txt'), `${parts.join(`\n\n${'='.repeat(80)}\n\n`)}\n`);
