# SPDX-License-Identifier: BSD-3-Clause
"""The main case: publisher → node P → node R → node V. P has upstream for one child, so V gets its ticket from R. From the first
group on, a viewer at V receives exactly the published bytes."""
import time

import pytest

import astral
import media

# Upstream for one child: more than one stream of media.KBPS with what its link carries beside it, and less than two.
ONE_CHILD_KBYTES = 200


class Chain:
    def __init__(self, network, slug='talk'):
        self.network, self.slug = network, slug
        self.origin = network.origin()
        self.p = network.node('p', self.origin, upstream_limit=ONE_CHILD_KBYTES)
        self.r = network.node('r', self.origin, bootstrap=[self.p])
        self.v = network.node('v', self.origin, bootstrap=[self.p, self.r])

    def connect(self):
        """Waits until the stream is live. R gets it from P; then P is full and V must get it from R."""
        astral.wait_until(lambda: (self.p.stream(self.slug) or {}).get('streaming'), 'the stream to be live at P')
        for node in (self.r, self.v):
            astral.wait_until(lambda n=node: n.stream(self.slug), f'{node.label} to know the stream')
            asked = node.call('POST', f'/stream/{self.slug}/tickets', {}, timeout=30)
            assert asked.status in (302, 303), asked.body
        r, v = self.r.ticket(self.slug), self.v.ticket(self.slug)
        assert (r['source'], r['hops']) == ('p', 1), r
        assert (v['source'], v['hops']) == ('r', 2), v

    def still_connected(self):
        v = self.v.ticket(self.slug)
        assert (v['source'], v['hops']) == ('r', 2), v
        assert not any(t['destination'] == 'v' and t['role'] == 'active' for t in self.p.tickets())


@pytest.fixture
def chain(network):
    return Chain(network)


def watch_while_published(chain, publisher, published, seconds):
    """Runs a viewer at V for that many seconds and ends it. Returns when the publisher's recording has all that the viewer received."""
    viewer, received = media.view(chain.network, chain.v, chain.slug)
    media.grows(received, 10000)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        media.grows(received)
        assert publisher.running() and viewer.running(), chain.network.logs()
    chain.still_connected()
    viewer.end(2)
    # The recording is another branch of the publisher's pipeline and may lag behind the viewer.
    media.grows(published, 64 * 1024)
    return received


def check_mpegts(received, published):
    header, body, _ = media.assert_exact(received, published, max_header=64 * 188)
    for packet in media.ts_packets(header):
        assert packet in published.read_bytes(), 'a packet of the stream header was not published'
    media.ts_packets(body)
    first = media.probe(received, '-select_streams', 'v', '-show_frames', '-read_intervals', '%+#1')['frames'][0]
    assert first['key_frame'] == 1 and first['pict_type'] == 'I'
    kinds = {s['codec_name'] for s in media.probe(received, '-show_streams')['streams']}
    assert kinds == {'h264', 'aac'}


@pytest.mark.skipif(not astral.FILM.exists(), reason='no film: ASTRAL_E2E_FILM can name one')
def test_a_looped_film_arrives_byte_for_byte(chain):
    publisher, published = media.publish_film(chain.network, chain.p, chain.slug)
    chain.connect()
    received = watch_while_published(chain, publisher, published, astral.SECONDS)
    check_mpegts(received, published)
    assert media.size(received) > 50_000 * astral.SECONDS  # about 112 KB/s


def test_mpegts_arrives_byte_for_byte(chain):
    publisher, published = media.publish_test_picture(chain.network, chain.p, chain.slug)
    chain.connect()
    check_mpegts(watch_while_published(chain, publisher, published, astral.SECONDS / 2), published)


def test_matroska_arrives_byte_for_byte(chain):
    publisher, published = media.publish_test_picture(chain.network, chain.p, chain.slug, 'matroskamux streamable=true')
    chain.connect()
    received = watch_while_published(chain, publisher, published, astral.SECONDS / 2)
    header, body, start = media.assert_exact(received, published, max_header=64 * 1024)
    assert header == published.read_bytes()[:len(header)]
    assert start == 0 or body[:4] == bytes.fromhex('1f43b675'), 'the first group does not start with a cluster'
    kinds = {s['codec_name'] for s in media.probe(received, '-show_streams')['streams']}
    assert kinds == {'h264', 'aac'}


@pytest.mark.parametrize('mux', ['mpegtsmux alignment=7', 'matroskamux streamable=true', 'flvmux streamable=true'],
                         ids=['mpegts', 'matroska', 'flv'])
def test_gst_play_plays_the_stream(chain, mux):
    media.publish_test_picture(chain.network, chain.p, chain.slug, mux)
    chain.connect()
    player = chain.network.start('gst-play', ['gst-play-1.0', '--no-interactive', '--videosink=fakesink',
                                              '--audiosink=fakesink', chain.v.uri(chain.slug)], GST_DEBUG='2')
    # gst-play prints its position in one line, again and again.
    player.wait_for_output(r'0:00:0[3-9]\.\d', seconds=30)
    assert 'ERROR' not in player.output
    player.end()  # by SIGTERM: gst-play does not handle SIGINT


def test_everybody_who_watches_is_counted(chain):
    media.publish_test_picture(chain.network, chain.p, chain.slug)
    chain.connect()
    viewer, received = media.view(chain.network, chain.v, chain.slug)
    player = chain.network.start('flv', ['curl', '-sf', '-o', '/dev/null', f'{chain.r.url}/stream/{chain.slug}/live.flv'])

    def counted(node):
        stream = node.stream(chain.slug)
        return stream['viewers'], stream['audience']

    cookies = [None, None]  # of two browsers behind one address

    def all_counted():
        for number, cookie in enumerate(cookies):
            answer = chain.p.call('GET', f'/stream/{chain.slug}/hls/index.m3u8', None, {'Cookie': cookie} if cookie else {})
            new = answer.headers.get('Set-Cookie')
            assert bool(new) == (answer.status == 200 and not cookie), answer
            cookies[number] = new.split(';')[0] if new else cookie
        return counted(chain.v) == (1, 1) and counted(chain.r) == (1, 2) and counted(chain.p) == (2, 4)
    astral.wait_until(all_counted, 'all to be counted', 40)
    assert chain.network.ctl(chain.p, 'liststreams').stdout.splitlines()[1].split()[4] == '4'
    astral.wait_until(lambda: all_counted() and chain.origin.get(f'/stream/{chain.slug}')['stream'].get('viewers') == 4, 'the origin to be told', 40)
    player.kill()
    viewer.end(2)
    assert media.size(received) > 0
    astral.wait_until(lambda: counted(chain.p) == (0, 0), 'nobody to be counted', 40)
