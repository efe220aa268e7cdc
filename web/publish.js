// SPDX-License-Identifier: BSD-3-Clause
// The view that publishes: a name for the stream, and ways to send media into it. A page of another site may link here with the name in the
// address (?name=&description=). Only a click creates the stream.
import {make_stream, slug_of} from './api.js';
import {Capture} from './capture.js';
import {rtmp_server, ways_to_publish} from './commands.js';
import {by_id, Children, copies, element, set_text} from './dom.js';
import {OwnStreams} from './own.js';

class Command {
  #code = element('code');

  constructor({id, name}) {
    const text = element('pre', '', this.#code);
    text.tabIndex = 0;
    text.setAttribute('aria-label', name);
    this.#code.id = `command-${id}`;
    const copy = element('button', 'button quiet small', 'Copy');
    copy.type = 'button';
    copy.setAttribute('aria-label', `Copy the command: ${name}`);
    copies(copy, this.#code, by_id('publish-status'));
    this.element = element('div', 'command', element('h3', '', name), text, copy);
  }

  show({command}) {
    set_text(this.#code, command);
  }
}

export class PublishView {
  #fields = by_id('publish-form').elements;
  #capture;
  #own = new OwnStreams();
  #commands = new Children(by_id('commands'), (way) => new Command(way));
  #endpoints = {};
  #slug = 'SLUG';  // of the name in the form; until the node has said it, the word stands for it
  #asked = 0;

  constructor() {
    const {name, description} = this.#fields;
    const asked = new URLSearchParams(location.search);
    for (const field of [name, description]) field.value = asked.get(field.name) ?? field.value;
    name.addEventListener('input', () => this.#ask_slug());
    by_id('publish-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#make();
    });
    copies(by_id('obs-server-copy'), by_id('obs-server'), by_id('publish-status'));
    copies(by_id('obs-key-copy'), by_id('obs-key'), by_id('publish-status'));
    this.#capture = new Capture(() => ({name: name.value, description: description.value, is_private: this.#fields.private.checked}));
    this.#show_ways();
    this.#ask_slug();
  }

  // `endpoints`: null if the settings have not been read yet.
  inform({is_there, node, streams, endpoints}) {
    if (is_there) this.#own.show({node, streams});
    if (!endpoints || JSON.stringify(endpoints) === JSON.stringify(this.#endpoints)) return;
    this.#endpoints = endpoints;
    this.#capture.is_offered = Boolean(endpoints.whip_url);
    this.#show_ways();
    this.#ask_slug();
  }

  // A name without a slug (nothing but spaces) changes nothing.
  async #ask_slug() {
    const asked = ++this.#asked;
    const name = this.#fields.name.value;
    const slug = name.trim() ? await slug_of(name).catch(() => '') : '';
    if (!slug || asked !== this.#asked) return;
    this.#slug = slug;
    this.#show_ways();
  }

  #show_ways() {
    const where = {host: location.host, rtmp_port: this.#endpoints.rtmp_port ?? 0};
    const server = rtmp_server(where);
    by_id('obs').hidden = !server;
    by_id('obs-none').hidden = Boolean(server);
    set_text(by_id('obs-server'), server);
    set_text(by_id('obs-key'), this.#slug);
    this.#commands.show(ways_to_publish(this.#slug, where), ({id}) => id);
  }

  async #make() {
    const {name, description, private: closed} = this.#fields;
    try {
      const stream = await make_stream(name.value, description.value, closed.checked);
      if (closed.checked) {
        ++this.#asked;
        this.#slug = stream.slug;
        this.#show_ways();
      }
      set_text(by_id('publish-said'), closed.checked
        ? `${name.value} is private, and others see it as ${stream.slug}. Open it below and share it to invite people. Send media to it in one of these ways:`
        : `${stream?.name ?? name.value} is reserved for you. Send media to it in one of these ways:`);
    } catch (error) {
      set_text(by_id('publish-said'), error.message);
    }
  }
}
