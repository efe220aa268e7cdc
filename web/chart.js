// SPDX-License-Identifier: BSD-3-Clause
// A chart of rates over time: plot() computes the paths and is pure, Chart draws them.
import {set_text, svg_element} from './dom.js';
import {rate_text} from './words.js';

const steps = [1, 2, 5];

// The next round figure: 1, 2 or 5 with zeros.
export function round_up(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [...steps, 10].map((step) => step * power).find((one) => one >= value);
}

// history: [{at, …fields}] → {top, lines: {field: path}, areas: {field: path}} in a box of width × height, the newest at its right.
export function plot(history, fields, {width, height, span_ms, now}) {
  const top = round_up(Math.max(10, ...history.flatMap((point) => fields.map((field) => point[field]))));
  const x = ({at}) => (width * (1 - (now - at) / span_ms)).toFixed(1);
  const y = (value) => (height * (1 - value / top)).toFixed(1);
  const lines = {};
  const areas = {};
  for (const field of fields) {
    const points = history.map((point) => `${x(point)} ${y(point[field])}`);
    lines[field] = points.length > 0 ? `M${points.join(' L')}` : '';
    areas[field] = points.length > 0 ? `${lines[field]} L${x(history.at(-1))} ${height} L${x(history[0])} ${height} Z` : '';
  }
  return {top, lines, areas};
}

const [width, height] = [600, 150];

export class Chart {
  #fields;
  #span_ms;
  #top = svg_element('text', {x: 4, y: 14, class: 'tick'});
  #half = svg_element('text', {x: 4, y: height / 2 + 14, class: 'tick'});
  #paths = new Map();
  #about = svg_element('desc');

  // fields: {name in the history: class of its line}.
  constructor(svg, fields, span_ms) {
    this.#fields = Object.keys(fields);
    this.#span_ms = span_ms;
    svg.setAttribute('viewBox', `0 0 ${width} ${height + 20}`);
    svg.append(this.#about);
    for (const y of [0.5, height / 2, height]) svg.append(svg_element('line', {class: 'grid', x1: 0, x2: width, y1: y, y2: y}));
    for (const [field, name] of Object.entries(fields)) {
      const paths = {area: svg_element('path', {class: `area ${name}`}), line: svg_element('path', {class: `line ${name}`})};
      this.#paths.set(field, paths);
      svg.append(paths.area, paths.line);
    }
    const minutes = Math.round(span_ms / 60_000);
    svg.append(this.#top, this.#half, svg_element('text', {x: 4, y: height + 15, class: 'tick'}, `${minutes} min ago`),
      svg_element('text', {x: width - 4, y: height + 15, class: 'tick end'}, 'now'));
  }

  show(history, now) {
    const {top, lines, areas} = plot(history, this.#fields, {width, height, span_ms: this.#span_ms, now});
    for (const [field, {line, area}] of this.#paths) {
      line.setAttribute('d', lines[field]);
      area.setAttribute('d', areas[field]);
    }
    set_text(this.#top, rate_text(top));
    set_text(this.#half, rate_text(top / 2));
    const last = history.at(-1);
    set_text(this.#about, last ? this.#fields.map((field) => `${field}: ${rate_text(last[field]) || 'nothing'}`).join(', ') : 'No data yet');
  }
}
