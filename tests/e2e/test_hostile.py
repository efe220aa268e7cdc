# SPDX-License-Identifier: BSD-3-Clause
"""A relay that alters, truncates, replays or moves objects: its children drop it, and nothing of that reaches a viewer."""
import astral
import media

LIES = ('alter', 'truncate', 'replay', 'jump')


def test_nothing_that_a_relay_has_changed_is_shown(network):
    origin = network.origin()
    honest = network.node('s', origin)
    liar = network.node('liar', origin, [honest], GST_PLUGIN_PATH=astral.BUILD / 'tests' / 'e2e' / 'hostile',
                        GST_REGISTRY=network.folder / 'liar-registry.bin')
    published = network.folder / 'published.ts'
    sinks = ' '.join(f'all. ! queue ! astralsink uri={honest.uri(slug)}' for slug in (*LIES, 'plain'))
    network.launch('publisher', (
        'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! '
        'x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 key-int-max=25 ! h264parse ! mpegtsmux alignment=7 ! '
        f'tee name=all ! queue ! filesink location={published} buffer-mode=unbuffered {sinks}'))
    for slug in (*LIES, 'plain'):
        astral.wait_until(lambda s=slug: (honest.stream(s) or {}).get('streaming') and liar.stream(s), f'{slug} to be live')
    viewers = {slug: media.view(network, liar, slug, quiet=False) for slug in (*LIES, 'plain')}

    for slug in LIES:
        viewers[slug][0].wait_for_output(r"is not signed by the stream's key")
    plain = viewers['plain'][1]
    media.grows(plain, 20_000)  # the liar does carry media
    for viewer, _ in viewers.values():
        viewer.end(2)
    media.grows(published, 64 * 1024)  # it may lag behind the viewers
    for slug in (*LIES, 'plain'):
        header, _, _ = media.assert_exact(viewers[slug][1], published, max_header=64 * 188)
        assert all(packet in published.read_bytes() for packet in media.ts_packets(header))
