// SPDX-License-Identifier: BSD-3-Clause
// The tickets and the nodes as tables, for screen readers and for what does not fit into the picture.
import {address_text, children_text, destination_text, ms_text, rate_text, source_text} from './words.js';

const most_rows = 500;

// Rows by key. Only cells that change are written, so a text selection survives.
class Rows {
  #body;
  #count;
  #rest;
  #rows = new Map();

  // `count` shows the number of rows, `rest` how many of them are left out.
  constructor({body, count, rest}) {
    this.#body = body;
    this.#count = count;
    this.#rest = rest;
  }

  // rows: [{key, cells}], in order.
  show(all) {
    const rows = all.slice(0, most_rows);
    this.#count.textContent = String(all.length);
    this.#rest.textContent = all.length > rows.length ? `and ${all.length - rows.length} more` : '';
    this.#rest.hidden = all.length === rows.length;
    const gone = new Set(this.#rows.keys());
    rows.forEach(({key, cells}, index) => {
      gone.delete(key);
      if (!this.#rows.has(key)) this.#rows.set(key, this.#make(cells.length));
      const row = this.#rows.get(key);
      cells.forEach((text, i) => {
        const shown = text || '–';
        if (row.cells[i].textContent !== shown) row.cells[i].textContent = shown;
      });
      if (this.#body.children[index] !== row) this.#body.insertBefore(row, this.#body.children[index] ?? null);
    });
    for (const key of gone) {
      this.#rows.get(key).remove();
      this.#rows.delete(key);
    }
  }

  #make(count) {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    row.append(name);
    for (let i = 1; i < count; ++i) row.append(document.createElement('td'));
    return row;
  }
}

const by = (...keys) => (a, b) => {
  for (const key of keys) {
    const [one, other] = [key(a), key(b)];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
};

export class Tables {
  #tickets;
  #nodes;

  // Each what Rows takes.
  constructor({tickets, nodes}) {
    this.#tickets = new Rows(tickets);
    this.#nodes = new Rows(nodes);
  }

  // names: as names_of returns them.
  show({node, nodes, tickets, names, rates}) {
    const same = new Map();
    this.#tickets.show([...tickets].sort(by((one) => one.stream, (one) => one.role === 'standby',
      (one) => one.destination, (one) => one.source)).map((one) => {
      const ends = `${one.stream} ${one.source} ${one.destination}`;
      same.set(ends, (same.get(ends) ?? 0) + 1);
      return {
        key: `${ends} ${same.get(ends)}`,
        cells: [one.stream, source_text(one, node?.uuid, names), destination_text(one, node?.uuid, names), String(one.hops ?? ''),
          one.role, one.state, rate_text(rates?.of(one)), ms_text(one.rtt_ms)],
      };
    }));
    const primary = node?.primary_supernode_uuid;
    const role = (one) => [
      one.uuid === node?.uuid && 'this node', one.origin && 'origin',
      one.uuid === primary ? 'its supernode' : one.supernode && !one.origin && 'supernode',
    ].filter(Boolean).join(', ') || 'node';
    // The node knows more of itself than its list does.
    const all = nodes.map((one) => (one.uuid === node?.uuid ? {...one, ...node} : one));
    this.#nodes.show(all.sort(by((one) => one.uuid !== node?.uuid, (one) => one.uuid !== primary,
      (one) => !one.supernode, (one) => one.uuid)).map((one) => ({
      key: one.uuid,
      cells: [names.get(one.uuid), address_text(one), role(one), ms_text(one.rtt_ms), children_text(one), one.version],
    })));
  }
}
