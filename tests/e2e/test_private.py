# SPDX-License-Identifier: BSD-3-Clause
"""A private stream: a relay that is not invited forwards what it cannot read, guests get the exact bytes, and who is revoked gets no more."""
import re

import astral
import media


def seen_from_elsewhere(node, slug):
    """As a page of another site sees it in the owner's browser."""
    return node.call('GET', f'/stream/{slug}', headers={'Origin': 'http://evil.example'}).json['stream']


def test_only_guests_read_a_private_stream(network):
    source = network.node('s', None, (), None, '--max-children', 1)
    relay = network.node('relay', None, [source])
    guest, friend = (network.node(name, None, [source]) for name in ('guest', 'friend'))
    slug = re.match(r'stream (private-[0-9a-f]{10}) created', network.ctl(source, 'stream', 'Secret talk', 'hush', '--private').stdout)[1]
    _, published = media.publish_test_picture(network, source, slug)
    link = network.ctl(source, 'invite', slug, '--for', 'ann', '--expires', '1h').stdout.strip()
    bob = network.ctl(source, 'invite', slug, '--for', 'bob').stdout.strip().split('#invite/')[1]
    assert link.startswith(f'http://127.0.0.1:{source.port}/#invite/')
    ann = link.split('#invite/')[1]
    for node in (source, relay, guest, friend):
        astral.wait_until(lambda n=node: (n.stream(slug) or {}).get('streaming'), f'{node.label} to know the stream')
        for known in (seen_from_elsewhere(node, slug), *([] if node is source else [node.stream(slug)])):
            assert known['private'] and known['name'] == slug and not known['description'] and not known['media'], known
    assert (source.stream(slug)['name'], source.stream(slug)['description']) == ('Secret talk', 'hush')

    # The source lets its relay in. Nobody lets in a node that shows nothing.
    assert source.call('POST', f'/stream/{slug}/tickets', {'destination_uuid': 'relay'}, timeout=30).status < 400
    refused = guest.call('POST', f'/stream/{slug}/tickets', {}, timeout=30)
    assert refused.status >= 400 and 'private' in refused.error['message'], refused.body

    assert network.ctl(guest, 'accept', text=link).stdout == f'invited to {slug}\n'
    assert guest.call('POST', f'/stream/{slug}/tickets', {}, timeout=30).status < 400
    assert 'relay' in {ticket['source'] for ticket in guest.get(f'/stream/{slug}/tickets')['tickets']}
    anns, to_ann = media.view(network, guest, slug, network.folder / 'ann.received', quiet=False, invitation=ann)
    assert network.ctl(friend, 'accept', text=bob).returncode == 0
    assert friend.call('POST', f'/stream/{slug}/tickets', {}, timeout=30).status < 400
    _, to_bob = media.view(network, friend, slug, network.folder / 'bob.received', invitation=bob)
    nobody, to_nobody = media.view(network, relay, slug, network.folder / 'nobody.received', quiet=False)
    # What the relay forwards.
    sealed = network.folder / 'sealed'
    network.launch('wire', (f'astralsrc uri={relay.uri(slug)} ! tee name=t t. ! queue ! astralrelay signaller=application slug={slug} '
                            f't. ! queue ! filesink location={sealed} buffer-mode=unbuffered sync=false'))
    for file in (to_ann, to_bob, sealed):
        media.grows(file, 100_000)
    nobody.wait_for_output('the stream is private')
    assert media.size(to_nobody) == 0
    clear, wire = published.read_bytes(), sealed.read_bytes()
    packets = media.ts_packets(clear[:len(clear) // 188 * 188])
    assert len(packets) > 500 and not any(packet[4:36] in wire for packet in packets if len(set(packet[4:36])) > 8)
    astral.wait_until(lambda: guest.stream(slug)['name'] == 'Secret talk', 'the guest to read the title')
    assert guest.stream(slug)['description'] == 'hush' and guest.stream(slug)['video']['codec'] == 'h264'
    # On the page and in players of the guest's machine; not in another site's page there.
    assert guest.call('GET', f'/stream/{slug}/hls/index.m3u8', timeout=30).status == 200
    assert guest.call('GET', f'/stream/{slug}/hls/index.m3u8', headers={'Origin': 'http://evil.example'}).status == 403

    assert network.ctl(source, 'revoke', slug, 'ann').returncode == 0
    anns.wait_for_output('the invitation is not valid any more')
    astral.wait_until(lambda: not any(one['destination'] == 'guest' for one in guest.get(f'/stream/{slug}/tickets')['tickets']), 'the guest to lose its parent')
    size = media.size(to_ann)
    media.grows(to_bob, 200_000)
    assert media.size(to_ann) == size
    for file in (to_ann, to_bob):
        media.assert_exact(file, published, max_header=64 * 188)
    assert 'revoked' in network.ctl(source, 'revoke', slug).stdout
    assert b'Secret' not in relay.call('GET', '/streams').body
    assert all(seen_from_elsewhere(node, slug)['name'] == slug for node in (source, relay, guest))
