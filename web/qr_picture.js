// SPDX-License-Identifier: BSD-3-Clause
// A text as the picture of a QR code.
import {svg_element} from './dom.js';

const quiet = 4;  // modules of white around a QR code (ISO 18004)

// Each dark module as a square of 1, in rows from the top.
function path_of(code) {
  let path = '';
  for (let y = 0; y < code.size; ++y) {
    for (let x = 0; x < code.size; ++x) {
      if (code.get(x, y)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`;
    }
  }
  return path;
}

export async function qr_picture(text, label) {
  const {generate} = await import('./qr.js');
  const code = generate(text);
  const size = code.size + 2 * quiet;
  return svg_element('svg', {viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label}, svg_element('path', {d: path_of(code)}));
}
