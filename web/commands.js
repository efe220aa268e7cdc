// SPDX-License-Identifier: BSD-3-Clause
// The commands and addresses with which other programs publish a stream to this node or play it. Pure.

// `host`: the node's address with its port. `rtmp_port`: 0 if the node does not accept RTMP.
export function rtmp_server({host, rtmp_port}) {
  if (!rtmp_port) return '';
  const name = new URL(`http://${host}`).hostname;
  return `rtmp://${name}${rtmp_port === 1935 ? '' : `:${rtmp_port}`}/astral`;
}

export function ways_to_publish(slug, {host, rtmp_port}) {
  const rtmp = rtmp_server({host, rtmp_port});
  return [
    rtmp && {
      id: 'ffmpeg', name: 'A file, with ffmpeg',
      command: `ffmpeg -re -stream_loop -1 -i FILE -c:v libx264 -preset veryfast -tune zerolatency -g 30 \\
    -pix_fmt yuv420p -c:a aac -f flv ${rtmp}/${slug}`,
    },
    {
      id: 'gst', name: 'A test picture, with GStreamer',
      command: `gst-launch-1.0 mpegtsmux name=mux latency=1000000000 ! astralsink uri=astral://${host}/${slug} \\
    videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! timeoverlay \\
    ! x264enc tune=zerolatency key-int-max=30 bitrate=1000 ! queue ! mux. \\
    audiotestsrc is-live=true wave=ticks ! avenc_aac ! queue ! mux.`,
    },
  ].filter(Boolean);
}

// `endpoints`: of the node's settings. One that exchanges SDP is left out: an address alone plays nothing there.
export function ways_to_play(slug, {host, rtmp_port, endpoints}) {
  const rtmp = rtmp_server({host, rtmp_port});
  return [
    ...endpoints.filter(({use, type}) => use === 'play' && type !== 'application/sdp')
      .map(({name, url}) => [name, url.replace('{slug}', slug)]),
    rtmp && ['RTMP', `${rtmp}/${slug}`],
    ['GStreamer', `gst-play-1.0 astral://${host}/${slug}`],
  ].filter(Boolean);
}
