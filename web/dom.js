// SPDX-License-Identifier: BSD-3-Clause
// Creates and updates DOM elements; keeps keyed children.

export const by_id = (id) => document.getElementById(id);

export function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

const svg_space = 'http://www.w3.org/2000/svg';

export function svg_element(tag, attributes = {}, ...children) {
  const made = document.createElementNS(svg_space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Writes only what differs: a text selection and a screen reader's position survive.
export function set_text(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A list of sentences, hidden if there is none.
export function set_items(list, texts) {
  list.hidden = texts.length === 0;
  if (list.dataset.said === texts.join('\n')) return;
  list.dataset.said = texts.join('\n');
  list.replaceChildren(...texts.map((text) => element('li', '', text)));
}

// `make(thing)` makes {element, show(thing)}.
export class Children {
  #parent;
  #make;
  #made = new Map();

  constructor(parent, make) {
    this.#parent = parent;
    this.#make = make;
  }

  of(key) {
    return this.#made.get(key);
  }

  show(things, key_of) {
    const gone = new Set(this.#made.keys());
    things.forEach((thing, index) => {
      const key = key_of(thing);
      gone.delete(key);
      if (!this.#made.has(key)) this.#made.set(key, this.#make(thing));
      const made = this.#made.get(key);
      made.show(thing);
      const {children} = this.#parent;
      if (children[index] !== made.element) this.#parent.insertBefore(made.element, children[index] ?? null);
    });
    for (const key of gone) {
      this.#made.get(key).element.remove();
      this.#made.delete(key);
    }
  }
}

// What people typed, apart from the text around it: it may run from right to left.
export function typed_text(tag, name = '') {
  const made = element(tag, name);
  made.dir = 'auto';
  return made;
}

// Shows a text that may be cut on the page; the pointer shows all of it.
export function set_long_text(node, text) {
  set_text(node, text);
  if (node.title !== text) node.title = text;
}

// Makes a button copy a text. Without a secure context there is no clipboard; then the text is selected instead.
export function copies(button, source, status) {
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      status.textContent = button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      status.textContent = button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  });
}
