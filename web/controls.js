// SPDX-License-Identifier: BSD-3-Clause
// The player's buttons and keys, and what the system's media keys do. In full screen the buttons hide while the pointer rests.
import {by_id, element} from './dom.js';
import {show_icon} from './icons.js';
import {action_of, listed} from './keys.js';
import {step} from './sound.js';

const rests_after_ms = 2500;
const seek_step_s = 10;
const least_seek_s = 5;  // a step of the bar; more than late_s, or the first step would be live. With less to rewind there is no bar
const repeated = ['louder', 'quieter', 'back', 'forward'];

function button(id, does) {
  const made = element('button');
  made.type = 'button';
  made.id = id;
  made.addEventListener('click', does);
  return made;
}

// Answers nothing where the browser has no such action.
function on_media_key(action, does) {
  try {
    navigator.mediaSession?.setActionHandler(action, does);
  } catch {
    // This browser does not know it.
  }
}

export class Controls {
  element = element('div', 'bar');
  unmute = button('unmute', () => this.#mute());
  #screen;
  #player;
  #sound;
  #timer = 0;
  #live = button('golive', () => this.#player.go_live());
  #seek = element('input', 'seek');
  #is_seeking = false;
  #pause = button('pause', () => this.#toggle_pause());
  #mute_button = button('sound', () => this.#mute());
  #volume = element('input', 'volume');
  #float = button('float', () => this.#toggle_float());
  #keys = button('keys-open', () => by_id('keys').showModal());
  #full = button('full', () => this.#toggle_full());
  #does = {
    pause: () => this.#toggle_pause(), live: () => this.#player.go_live(), mute: () => this.#mute(), full: () => this.#toggle_full(),
    back: () => this.#step(-seek_step_s), forward: () => this.#step(seek_step_s),
    louder: () => this.#louder(step), quieter: () => this.#louder(-step), float: () => this.#toggle_float(),
    keys: () => by_id('keys').showModal(),
  };

  // screen: the element that holds the picture. sound: a Sound.
  constructor({screen, player, sound}) {
    [this.#screen, this.#player, this.#sound] = [screen, player, sound];
    this.#live.textContent = 'Go live';
    this.unmute.textContent = 'Turn the sound on';
    this.unmute.className = 'unmute';
    Object.assign(this.#volume, {type: 'range', id: 'volume', min: 0, max: 1, step: 0.05});
    this.#volume.setAttribute('aria-label', 'Volume');
    this.#volume.addEventListener('input', () => this.#set_volume(Number(this.#volume.value)));
    Object.assign(this.#seek, {type: 'range', id: 'seek', max: 0, step: least_seek_s});
    this.#seek.setAttribute('aria-label', 'Rewind');
    for (const [type, is_seeking] of [['pointerdown', true], ['pointerup', false], ['pointercancel', false], ['blur', false]])
      this.#seek.addEventListener(type, () => this.#is_seeking = is_seeking);
    this.#seek.addEventListener('change', () => this.#player.rewind(-this.#seek.value));
    show_icon(this.#float, 'float', 'Picture in picture');
    show_icon(this.#keys, 'keys', 'Keys');
    this.element.id = 'bar';
    this.element.append(this.#seek, this.#live, this.#pause, this.#mute_button, this.#volume, this.#float, this.#keys, this.#full);
    this.#float.hidden = !document.pictureInPictureEnabled;
    this.#full.hidden = !document.fullscreenEnabled;
    by_id('keys-list').replaceChildren(...listed.flatMap(({keys, does}) =>
      [element('dt', '', ...keys.flatMap((key) => [element('kbd', '', key), ' '])), element('dd', '', does)]));
    document.addEventListener('keydown', (event) => this.#on_key(event));
    document.addEventListener('fullscreenchange', () => this.#wake());
    screen.addEventListener('dblclick', ({target}) => this.element.contains(target) || this.#toggle_full());
    for (const type of ['pointermove', 'pointerdown', 'keydown']) screen.addEventListener(type, () => this.#wake());
    on_media_key('play', () => this.#player.go_live());
    on_media_key('pause', () => this.#player.video?.pause());
    on_media_key('seekbackward', () => this.#step(-seek_step_s));
    on_media_key('seekforward', () => this.#step(seek_step_s));
    on_media_key('stop', () => this.#player.video?.pause());
  }

  // Shows what the video does now.
  show() {
    const {video} = this.#player;
    this.element.hidden = !video;
    this.#live.hidden = !this.#player.is_late;
    this.unmute.hidden = !video?.muted || this.#screen.dataset.state !== 'playing';
    if (navigator.mediaSession) navigator.mediaSession.playbackState = !video ? 'none' : video.paused ? 'paused' : 'playing';
    this.#show_place();
    if (!video) return;
    show_icon(this.#mute_button, video.muted ? 'silent' : 'loud', video.muted ? 'Sound on' : 'Sound off');
    show_icon(this.#pause, video.paused ? 'play' : 'pause', video.paused ? 'Play' : 'Pause');
    const is_full = document.fullscreenElement === this.#screen;
    show_icon(this.#full, is_full ? 'leave' : 'full', is_full ? 'Leave full screen' : 'Full screen');
    if (document.activeElement !== this.#volume) this.#volume.value = video.muted ? 0 : video.volume;
  }

  #show_place() {
    const place = this.#player.place;
    this.#seek.hidden = !place || place.longest < least_seek_s;
    if (this.#seek.hidden || this.#is_seeking) return;
    const behind = this.#player.is_rewound || this.#player.is_late ? Math.min(place.behind, place.longest) : 0;
    this.#seek.min = -Math.floor(place.longest / least_seek_s) * least_seek_s;
    this.#seek.value = -Math.round(behind);
    this.#seek.setAttribute('aria-valuetext', behind > 0 ? `${Math.round(behind)} seconds behind live` : 'live');
  }

  // To the future, or with a negative number of seconds back.
  #step(seconds) {
    const place = this.#player.place;
    if (place) this.#player.rewind(Math.min(place.behind - seconds, place.longest));
    this.show();
  }

  #toggle_pause() {
    const {video} = this.#player;
    if (video?.paused) video.play().catch(() => {});
    else video?.pause();
    this.show();
  }

  #apply_sound() {
    const {video} = this.#player;
    if (video) Object.assign(video, {volume: this.#sound.volume, muted: !this.#sound.is_on});
    this.show();
  }

  #mute() {
    const {video} = this.#player;
    if (!video) return;
    this.#sound.turn(video.muted);
    this.#apply_sound();
    this.#volume.value = this.#sound.is_on ? this.#sound.volume : 0;
    if (document.activeElement === document.body) this.#screen.focus({preventScroll: true});  // the button that was pressed is gone
  }

  #set_volume(volume) {
    this.#sound.set(volume);
    this.#apply_sound();
  }

  #louder(by) {
    this.#set_volume((this.#player.video?.muted ? 0 : this.#sound.volume) + by);
  }

  #toggle_full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.#screen.requestFullscreen?.().catch(() => {});
  }

  #toggle_float() {
    const {video} = this.#player;
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    else video?.requestPictureInPicture?.().catch(() => {});
  }

  #place(target) {
    if (target === this.#screen) return 'player';
    if (target.matches('input, textarea, select, [contenteditable]')) return 'elsewhere';
    if (this.#screen.contains(target)) return 'in player';
    return target === document.body || target.id === 'main' ? 'page' : 'elsewhere';
  }

  #on_key(event) {
    if (!this.#player.slug || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const action = action_of(event, this.#place(event.target));
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || repeated.includes(action)) this.#does[action]();
  }

  #wake() {
    clearTimeout(this.#timer);
    this.#screen.classList.remove('rests');
    if (document.fullscreenElement === this.#screen)
      this.#timer = setTimeout(() => this.#screen.classList.add('rests'), rests_after_ms);
  }
}
