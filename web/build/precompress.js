// Writes a Brotli and a gzip copy beside every text file of dist/, so that the server never compresses at run time,
// and prints what a first visit costs. Already compressed formats and copies that would not be smaller are left out.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const text = /\.(html|js|mjs|css|svg|json|txt|webmanifest)$/;

const rows = [];
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !text.test(entry.name)) continue;
  const raw = readFileSync(path);
  const gz = gzipSync(raw, { level: 9 });
  const br = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  for (const [ending, bytes] of [['gz', gz], ['br', br]]) {
    if (bytes.length < raw.length) writeFileSync(`${path}.${ending}`, bytes);
    else rmSync(`${path}.${ending}`, { force: true });
  }
  rows.push({ file: relative(dist, path), raw: raw.length, gzip: gz.length, brotli: br.length });
}
rows.sort((a, b) => b.raw - a.raw);
console.table(rows);
