# SPDX-License-Identifier: BSD-3-Clause
"""Nodes on two Debian releases, with different versions of GStreamer, ngtcp2, libnice and libsoup, feed each other."""
import signal

import astral
import media


def test_the_two_systems_have_different_versions_of_gstreamer(here, there):
    versions = [network.run('gst-launch-1.0', '--version').splitlines()[0] for network in (here, there)]
    assert len(set(versions)) == 2, versions


def test_each_system_plays_the_other_systems_stream(here, there):
    origin = here.origin()
    nodes = {here: here.node('here', origin), there: there.node('there', origin)}
    published, received, viewers = {}, {}, {}
    for network, slug in ((here, 'from-here'), (there, 'from-there')):
        _, published[slug] = media.publish_test_picture(network, nodes[network], slug)
    for network, slug in ((there, 'from-here'), (here, 'from-there')):
        node = nodes[network]
        astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), f'the other node to know that {slug} is live')
        viewers[slug], received[slug] = media.view(network, node, slug)
    for slug, file in received.items():
        media.grows(file, 1_000_000, 60)
    for network, slug in ((there, 'from-here'), (here, 'from-there')):
        ticket = nodes[network].ticket(slug)
        assert ticket['source'] != nodes[network].label and ticket['confirmed'], ticket
    for slug, file in received.items():
        assert viewers[slug].end(signal.SIGINT) == 0, viewers[slug].output
        media.grows(published[slug], 100_000)
        media.assert_exact(file, published[slug], max_header=64 * 188)
