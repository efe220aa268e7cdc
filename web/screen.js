// SPDX-License-Identifier: BSD-3-Clause
// The player as people see it: the picture, what it waits for, its buttons and keys. The page and the embedded player have one each.
import {Controls} from './controls.js';
import {element, set_text} from './dom.js';
import {Player} from './player.js';
import {Sound} from './sound.js';

const show_every_ms = 500;

function storage() {
  try {
    return localStorage;
  } catch {
    return null;  // forbidden, as in some frames
  }
}

export class Screen {
  player;
  #root;
  #controls;
  #overlay;
  #message = element('p');
  #on_change;
  #titled = '';

  // on_change(told): as Player tells it. node_time: as Player takes it.
  constructor(root, {node_time, on_change}) {
    this.#root = root;
    this.#on_change = on_change;
    const sound = new Sound(storage());
    this.player = new Player(root, {node_time, sound, on_change: (told) => this.#show(told)});
    this.#controls = new Controls({screen: root, player: this.player, sound});
    const orbit = element('span', 'orbit');
    orbit.setAttribute('aria-hidden', 'true');
    this.#overlay = element('div', 'overlay', orbit, this.#message);
    Object.assign(this.#overlay, {id: 'overlay', hidden: true});
    this.#message.id = 'overlay-text';
    this.#controls.element.hidden = this.#controls.unmute.hidden = true;
    root.append(this.#overlay, this.#controls.unmute, this.#controls.element);
    setInterval(() => this.player.slug && this.#controls.show(), show_every_ms);
  }

  close() {
    this.player.close();
    this.entitle({name: ''});
    this.#controls.show();
    if (document.fullscreenElement === this.#root) document.exitFullscreen();
  }

  // What the system shows of what plays. `picture`: the URL of a picture that is there, or ''.
  entitle({name, picture = ''}) {
    const said = JSON.stringify([name, picture]);
    if (said === this.#titled || !navigator.mediaSession) return;
    this.#titled = said;
    const artwork = picture ? [{src: picture, type: 'image/jpeg'}] : [];
    navigator.mediaSession.metadata = name ? new MediaMetadata({title: name, artist: 'Astral', artwork}) : null;
  }

  #show(told) {
    this.#root.dataset.state = told.state;
    this.#overlay.hidden = told.state === 'playing' || told.state === 'paused';
    set_text(this.#message, told.message);
    this.#controls.show();
    this.#on_change(told);
  }
}
