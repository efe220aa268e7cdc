// SPDX-License-Identifier: BSD-3-Clause
// Plays a stream from the node on the visitor's own machine: that is what makes it peer to peer. Without one it
// says how to get one, and plays from a node that is open to all, where the origin knows one. It drives neither.
import Hls from './hls.js';

const look_again_ms = 5000;
const {node, open = '', slug} = document.getElementById('watch').dataset;
const video = document.getElementById('video');
let player = null;
let shown = '';  // whose playlist plays

const playlist_of = (url) => `${url}/stream/${encodeURIComponent(slug)}/hls/index.m3u8`;

function say(text) {
  const said = document.getElementById('said');
  if (said.textContent !== text) said.textContent = text;
}

// Asking for the playlist brings the stream to that node. '': it has it; null: nobody answers; else why not.
async function refusal_of(url) {
  try {
    const answer = await fetch(playlist_of(url));
    if (answer.ok) return '';
    const refused = await answer.json().catch(() => null);
    return refused?.error?.message ?? String(answer.status);
  } catch {
    return null;
  }
}

// A node of the visitor's own takes the place of the open one when it comes.
async function look() {
  const own = shown === node ? '' : await refusal_of(node);
  document.getElementById('no-node').hidden = own !== null;
  if (own === '') play(node, `Through your own node, ${new URL(node).host}.`);
  else if (!open || shown !== open) await look_elsewhere(own);
  setTimeout(look, look_again_ms);
}

async function look_elsewhere(own) {
  const theirs = open ? await refusal_of(open) : null;
  if (theirs === '') play(open, `Through ${new URL(open).host}, a node that is open to all.`);
  else if (own !== null) say(`Your node answers: ${own}. Trying again…`);
  else say(theirs === null ? '' : `The node that is open to all answers: ${theirs}. Trying again…`);
}

function stop() {
  player?.destroy();
  player = null;
  shown = '';
  say('The stream has stopped. Trying again…');
}

function play(url, words) {
  if (shown === url) return;
  player?.destroy();
  shown = url;
  video.hidden = false;
  say(words);
  if (!Hls.isSupported()) {
    video.src = playlist_of(url);
    video.play().catch(() => {});
    return;
  }
  // A worker would be a blob: script, which the page's policy does not allow.
  player = new Hls({enableWorker: false, liveSyncDurationCount: 2, backBufferLength: 20});
  player.on(Hls.Events.ERROR, (event, {fatal}) => fatal && stop());
  player.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  player.loadSource(playlist_of(url));
  player.attachMedia(video);
}

look();
