// SPDX-License-Identifier: BSD-3-Clause
// The signs on the player's buttons, drawn as lines.
import {svg_element} from './dom.js';

const lines = {
  play: 'M7 5l12 7-12 7z',
  pause: 'M8 5v14M16 5v14',
  loud: 'M4 9v6h4l5 4V5L8 9zM16.5 8.5a5 5 0 0 1 0 7M19 6a8.5 8.5 0 0 1 0 12',
  silent: 'M4 9v6h4l5 4V5L8 9zM16.5 9.5l5 5M21.5 9.5l-5 5',
  full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  leave: 'M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5',
  float: 'M3 5h18v14H3zM12 12h6v4h-6z',
  keys: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5',
  share: 'M12 15V4M8 8l4-4 4 4M5 12v8h14v-8',
};

// Shows a sign and its name on a button.
export function show_icon(button, icon, name) {
  if (button.dataset.icon === icon && button.title === name) return;
  button.dataset.icon = icon;
  button.title = name;
  button.setAttribute('aria-label', name);
  button.replaceChildren(svg_element('svg', {viewBox: '0 0 24 24', width: 20, height: 20, 'aria-hidden': 'true'},
    svg_element('path', {d: lines[icon]})));
}
