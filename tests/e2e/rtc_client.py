#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A second WebRTC client beside browsers: GStreamer's webrtcbin, with WHEP and WHIP over urllib. It needs Debian's python3-gi,
gir1.2-gst-plugins-bad-1.0 and gstreamer1.0-nice.

    rtc_client.py watch URL FILE [LOSS]        writes the received H.264 to FILE, and prints the RTP timestamp of each picture and audio packet
    rtc_client.py publish URL H264|VP8 [LOSS]  publishes a test picture and a tone until it ends, and prints how many packets it sent again; SIGINT
                                               ends the session with DELETE, and prints an error's status

Lost packets are sent again (RFC 4588): always to `watch`; by `publish` only if LOSS is given. With LOSS, each LOSSth packet is lost.
"""
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstWebRTC', '1.0')
gi.require_version('GstSdp', '1.0')
from gi.repository import GLib, GObject, Gst, GstSdp, GstWebRTC  # noqa: E402

TEST = {
    'H264': 'x264enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max=600 ! '
            'video/x-h264,profile=constrained-baseline ! rtph264pay aggregate-mode=zero-latency config-interval=-1 pt=102',
    'VP8': 'vp8enc deadline=1 keyframe-max-dist=600 target-bitrate=600000 ! rtpvp8pay pt=96',
}


def say(*words):
    print(*words, flush=True)


def lose(element, pad, every):
    """Each packet of RTP counts, and not those of DTLS and RTCP, which begin otherwise (RFC 5764, 5.1.2; RFC 5761, 4)."""
    seen = 0

    def pass_or_drop(_, info):
        nonlocal seen
        head = info.get_buffer().extract_dup(0, 2)
        is_rtp = len(head) == 2 and 128 <= head[0] < 192 and not 64 <= head[1] & 0x7f < 96
        seen += is_rtp
        return Gst.PadProbeReturn.DROP if is_rtp and seen % every == 0 else Gst.PadProbeReturn.OK
    element.get_static_pad(pad).add_probe(Gst.PadProbeType.BUFFER, pass_or_drop)


class Client:
    def __init__(self, url, pipeline, loss=0):
        self.url, self.place, self.loss, self.senders = url, None, int(loss), []
        self.pipeline = Gst.Pipeline()
        self.pipeline.add(Gst.parse_bin_from_description(pipeline, False))
        self.bin = self.pipeline.get_by_name('rtc')
        self.bin.connect('deep-element-added', self.added)
        self.bin.connect('notify::ice-gathering-state', lambda *_: GLib.idle_add(self.ask))
        self.bin.connect('notify::connection-state', lambda *_: say('state', self.bin.props.connection_state.value_nick))
        self.loop = GLib.MainLoop()
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, self.end)

    def added(self, _, __, element):
        kind = element.get_factory() and element.get_factory().get_name()
        if kind == 'rtprtxsend':
            self.senders.append(element)
        if kind == 'rtpjitterbuffer':
            element.props.rtx_next_seqnum = False  # a packet that is late is not lost
        if kind == 'rtpsession':
            element.props.bandwidth = 2_000_000  # lets requests for lost packets leave at once
        if self.loss and kind in ('nicesrc', 'nicesink'):
            lose(element, 'src' if kind == 'nicesrc' else 'sink', self.loss)

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.bin.emit('create-offer', None, Gst.Promise.new_with_change_func(self.offered))
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)

    def offered(self, promise):
        promise.wait()
        reply = promise.get_reply()  # keeps the offer alive
        self.bin.emit('set-local-description', reply.get_value('offer'), None)

    def ask(self):
        if self.place or self.bin.props.ice_gathering_state != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        local = self.bin.props.local_description
        offer = local.sdp.as_text().encode()
        request = urllib.request.Request(self.url, offer, {'Content-Type': 'application/sdp'})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            self.place = urllib.parse.urljoin(self.url, answer.headers['Location'])
            _, sdp = GstSdp.SDPMessage.new_from_text(answer.read().decode())
        said = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.bin.emit('set-remote-description', said, None)
        say('answered', self.place)

    def end(self):
        if self.place:
            try:
                urllib.request.urlopen(urllib.request.Request(self.place, method='DELETE')).close()
            except urllib.error.HTTPError as error:
                say('session', error.code)
        self.loop.quit()


def watch(url, file, loss=0):
    client = Client(url, 'webrtcbin name=rtc bundle-policy=max-bundle latency=1000', loss)
    for caps in ('application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=102,packetization-mode=(string)1',
                 'application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=111,encoding-params=(string)2'):
        transceiver = client.bin.emit('add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
        transceiver.set_property('do-nack', True)  # webrtcbin 1.22 asks for video only if it asks for audio, too

    def tell(pad, info, kind):
        head = info.get_buffer().extract_dup(0, 12)
        if head[1] & 0x80 or kind == 'audio':  # the last packet of a picture
            say(kind, int.from_bytes(head[4:8], 'big'))
        return Gst.PadProbeReturn.OK

    def link(_, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string('media')
        sink = Gst.parse_bin_from_description(
            f'rtph264depay ! h264parse ! capsfilter caps=video/x-h264,stream-format=byte-stream ! filesink location={file} '
            'buffer-mode=unbuffered async=false sync=false' if kind == 'video' else 'rtpopusdepay ! fakesink async=false', True)
        client.bin.get_parent().add(sink)
        sink.sync_state_with_parent()
        pad.add_probe(Gst.PadProbeType.BUFFER, tell, kind)
        pad.link(sink.get_static_pad('sink'))
    # Python's class of such pads is made here: if two pads come at once, both threads make it, and one fails.
    GObject.new(client.bin.get_pad_template('src_%u').props.gtype, name='first', direction=Gst.PadDirection.SRC)
    client.bin.connect('pad-added', link)
    client.run()


def publish(url, codec, loss=0):
    client = Client(url, 'webrtcbin name=rtc bundle-policy=max-bundle videotestsrc is-live=true pattern=ball ! '
                    f'video/x-raw,format=I420,width=320,height=240,framerate=20/1 ! {TEST[codec]} ssrc=7 ! '
                    f'application/x-rtp,media=video,encoding-name={codec},payload={102 if codec == "H264" else 96},ssrc=(uint)7 ! rtc. '
                    'audiotestsrc is-live=true volume=0.2 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=111 ! '
                    'application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! rtc.', loss)
    client.bin.get_static_pad('sink_0').props.transceiver.set_property('do-nack', bool(loss))
    GLib.timeout_add(500, lambda: say('sent again', sum(sender.props.num_rtx_packets for sender in client.senders)) is None)
    client.run()


Gst.init(None)
{'watch': watch, 'publish': publish}[sys.argv[1]](*sys.argv[2:])
