// SPDX-License-Identifier: BSD-3-Clause
// Plays a stream from the node on the visitor's own machine: that is what makes it peer to peer. Without one it
// says how to get one.
import Hls from './hls.js';

const look_again_ms = 5000;
const {node, slug} = document.getElementById('watch').dataset;
const video = document.getElementById('video');
const playlist = `${node}/stream/${encodeURIComponent(slug)}/hls/index.m3u8`;

function say(text) {
  document.getElementById('said').textContent = text;
}

function show({has_node, plays}) {
  video.hidden = !plays;
  document.getElementById('no-node').hidden = has_node;
}

// Asking for the playlist brings the stream to that node. What fails without a status is that no node answers.
async function look() {
  try {
    const answer = await fetch(playlist);
    if (answer.ok) return play();
    const refused = await answer.json().catch(() => null);
    show({has_node: true, plays: false});
    say(`Your node answers: ${refused?.error?.message ?? answer.status}. Trying again…`);
  } catch {
    show({has_node: false, plays: false});
    say('');
  }
  setTimeout(look, look_again_ms);
}

function play() {
  show({has_node: true, plays: true});
  say(`Through your own node, ${new URL(node).host}.`);
  if (!Hls.isSupported()) {
    video.src = playlist;
    return video.play().catch(() => {});
  }
  // A worker would be a blob: script, which the page's policy does not allow.
  const hls = new Hls({enableWorker: false, liveSyncDurationCount: 2, backBufferLength: 20});
  hls.on(Hls.Events.ERROR, (event, {fatal}) => {
    if (!fatal) return;
    hls.destroy();
    say('The stream has stopped. Trying again…');
    setTimeout(look, look_again_ms);
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  hls.loadSource(playlist);
  hls.attachMedia(video);
}

look();
