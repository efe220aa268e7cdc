// SPDX-License-Identifier: BSD-3-Clause
// The box that publishes: makes a stream, and says the command that feeds it. Another site's page may lead here with a
// name in the address (?name=&description=); only a click here makes anything.
import {make_stream} from './api.js';

// As the nodes make it (API.md): lower case, a-z and 0-9 kept, everything between them one hyphen.
export function slug_of(name) {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 48).replace(/-$/, '');
}

function command_for(slug) {
  return `gst-launch-1.0 mpegtsmux name=mux ! astralsink uri=astral://${location.host}/${slug} \\
    videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=30/1 ! timeoverlay \\
    ! x264enc tune=zerolatency key-int-max=30 bitrate=1000 ! queue ! mux. \\
    audiotestsrc is-live=true wave=ticks ! avenc_aac ! queue ! mux.`;
}

export function show_publish_box({form, said, command, copy, status}) {
  const {name, description} = form.elements;
  const asked = new URLSearchParams(location.search);
  for (const field of [name, description]) field.value = asked.get(field.name) ?? field.value;
  const show = () => {
    command.textContent = command_for(slug_of(name.value) || 'my-talk');
  };
  name.addEventListener('input', show);
  show();

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const stream = await make_stream(name.value, description.value);
      said.textContent = `${stream?.name ?? name.value} is yours. Feed it with this:`;
    } catch (error) {
      said.textContent = error.message;
    }
  });

  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      status.textContent = copy.textContent = 'Copied';
    } catch {  // no clipboard outside a secure context: leave it selected
      getSelection().selectAllChildren(command);
      status.textContent = copy.textContent = 'Selected';
    }
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, 2000);
  });
}
