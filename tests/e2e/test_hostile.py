# SPDX-License-Identifier: BSD-3-Clause
"""A relay that alters, truncates, replays or moves objects: its children drop it, and nothing of that reaches a viewer."""
import time

import astral
import media
import stranger

LIES = ('alter', 'truncate', 'replay', 'jump')


def lies(network):
    """The environment of a node that lies from when this file is there."""
    return {'GST_PLUGIN_PATH': astral.BUILD / 'tests' / 'e2e' / 'hostile', 'GST_REGISTRY': network.folder / 'liar-registry.bin',
            'ASTRAL_LIE': network.folder / 'lie'}


def test_nothing_that_a_relay_has_changed_is_shown(network):
    origin = network.origin()
    honest = network.node('s', origin)
    liar = network.node('liar', origin, [honest], **lies(network))
    published = network.folder / 'published.ts'
    sinks = ' '.join(f'all. ! queue ! astralsink uri={honest.uri(slug)}' for slug in (*LIES, 'plain'))
    network.launch('publisher', (
        'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! '
        'x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 key-int-max=25 ! h264parse ! mpegtsmux alignment=7 ! '
        f'tee name=all ! queue ! filesink location={published} buffer-mode=unbuffered {sinks}'))
    for slug in (*LIES, 'plain'):
        astral.wait_until(lambda s=slug: (honest.stream(s) or {}).get('streaming') and liar.stream(s), f'{slug} to be live')
    viewers = {slug: media.view(network, liar, slug, quiet=False) for slug in (*LIES, 'plain')}

    for _, received in viewers.values():
        media.grows(received, 20_000)
    (network.folder / 'lie').touch()
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


def test_a_node_leaves_a_parent_that_withholds_and_its_players_miss_nothing(network):
    """As below; once the viewer's node has its media from the liar, the source has a place again, for its standby."""
    source = network.node('s', None, (), None, '--max-children', 2)
    liar = network.node('liar', None, [source], **lies(network))
    leaf = network.node('leaf', None, [source], None, '--max-children', 0)
    child = network.node('child', None, [source])
    publisher, published = media.publish_test_picture(network, source, 'withhold')
    for node in (liar, leaf, child):
        astral.wait_until(lambda n=node: (n.stream('withhold') or {}).get('streaming'), f'{node.label} to know the stream')
    for node in (liar, leaf):
        assert node.call('POST', '/stream/withhold/tickets', {}, timeout=30).status == 303
    _, received = media.view(network, child, 'withhold')

    def parents(role):
        tickets = child.get('/stream/withhold/tickets')['tickets']
        return {ticket['source'] for ticket in tickets if ticket['destination'] == 'child' and ticket['role'] == role}
    astral.wait_until(lambda: parents('active') == {'liar'}, 'media from the liar')
    media.grows(received, 20_000)
    assert leaf.call('DELETE', '/stream/withhold/ticket').status == 200
    (network.folder / 'lie').touch()
    begun = time.monotonic()
    astral.wait_until(lambda: parents('active') == {'s'}, 'the liar to be left', 60)
    print(f'the liar was left {time.monotonic() - begun:.1f} s after there was another node')
    media.grows(received, 64 * 1024)
    publisher.end(2)
    astral.wait_until(lambda: child.stream('withhold').get('ended'), 'the end to be known')
    media.assert_exact(received, published, max_header=64 * 188)


def test_a_node_drops_a_parent_that_lies_and_its_players_miss_nothing(network):
    """The source has two places. The liar has one, a node that forwards nothing the other, so a new viewer's node gets its media from the liar."""
    source = network.node('s', None, (), None, '--max-children', 2)
    liar = network.node('liar', None, [source], **lies(network))
    leaf = network.node('leaf', None, [source], None, '--max-children', 0)
    child = network.node('child', None, [source])
    publisher, published = media.publish_test_picture(network, source, 'alter')
    for node in (liar, leaf, child):
        astral.wait_until(lambda n=node: (n.stream('alter') or {}).get('streaming'), f'{node.label} to know the stream')
    assert child.stream('alter')['fingerprint'] == source.stream('alter')['fingerprint'] == liar.stream('alter')['fingerprint']
    for node in (liar, leaf):
        assert node.call('POST', '/stream/alter/tickets', {}, timeout=30).status == 303
    _, received = media.view(network, child, 'alter')
    media.grows(received, 20_000)
    begun = time.monotonic()
    (network.folder / 'lie').touch()
    astral.wait_until(lambda: child.get('/doctor')['forging_nodes'] == ['liar'], 'the liar to be found out')
    print(f'the liar was dropped {time.monotonic() - begun:.1f} s after its first lie')
    assert child.stream('alter')['refused'] >= 1
    media.grows(received, 64 * 1024)  # from somebody else
    sources = {ticket['source'] for ticket in child.get('/stream/alter/tickets')['tickets'] if ticket['destination'] == 'child'}
    assert 'liar' not in sources and sources, sources

    # A stranger says that the stream is gone, has ended, and comes from elsewhere now.
    thief, known = stranger.meet(child.port, network.folder, 'thief'), child.stream('alter')
    word = {'slug': 'alter', 'name': 'alter', 'source': source.uuid, 'updated': known['updated'] + 60_000}
    thief.send({'type': 'gone', 'slug': 'alter', 'updated': word['updated']})
    thief.send({'type': 'streams', 'streams': [{**word, 'ended': True}, {**word, 'source': thief.uuid, 'streaming': True}]})
    thief.send({'type': 'request', 'ticket': 't1', 'slug': 'nope', 'destination': thief.uuid})
    while thief.receive_json()['type'] != 'refusal':  # so all before was heard
        pass
    assert child.stream('alter')['state'] == 'live' and child.stream('alter')['source'] == 's'
    thief.close()
    publisher.end(2)
    astral.wait_until(lambda: media.size(received) > 0 and child.stream('alter').get('ended'), 'the end to be known')
    media.assert_exact(received, published, max_header=64 * 188)
