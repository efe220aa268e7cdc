# SPDX-License-Identifier: BSD-3-Clause
"""Pages of other sites play a node's streams, by every way that a browser knows, and change nothing."""
import pytest

import astral
import media

FOREIGN = {'Origin': 'https://elsewhere.example'}
TOKEN = 'correct-horse-battery-staple'


@pytest.fixture
def node(network):
    settings = network.folder / 'node.conf'
    settings.write_text(f'[astralnode]\ntoken={TOKEN}\n')
    node = network.node('n', None, (), None, '--settings', settings)
    media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: node.call('GET', '/stream/talk/hls/index.m3u8').status == 200, 'the playlist')
    return node


def test_a_browser_may_ask_before_it_plays(node):
    for path, method in (('hls/index.m3u8', 'GET'), ('hls/0.ts', 'GET'), ('live.flv', 'GET'), ('live.ts', 'GET'), ('whep', 'POST'),
                         ('whep/0123', 'DELETE'), ('whip', 'POST'), ('whip/0123', 'DELETE')):
        asked = node.call('OPTIONS', f'/stream/talk/{path}', None, {**FOREIGN, 'Access-Control-Request-Method': method,
                                                                   'Access-Control-Request-Headers': 'content-type'})
        assert asked.status == 204 and asked.headers['Access-Control-Allow-Origin'] == '*', (path, asked.status)
        assert method in asked.headers['Access-Control-Allow-Methods'].split(', '), path
        assert 'Content-Type' in asked.headers['Access-Control-Allow-Headers'], path
    for path in ('/stream/talk', '/streams', '/node', '/stream/talk/tickets'):
        asked = node.call('OPTIONS', path, None, {**FOREIGN, 'Access-Control-Request-Method': 'DELETE'})
        assert asked.status == 405 and 'Access-Control-Allow-Origin' not in asked.headers, path


def test_a_foreign_page_plays_and_does_not_publish(node):
    assert node.call('GET', '/stream/talk/hls/index.m3u8', None, FOREIGN).headers['Access-Control-Allow-Origin'] == '*'
    sdp = {**FOREIGN, 'Content-Type': 'application/sdp'}
    refused = node.call('POST', '/stream/talk/whep', b'no offer', sdp)
    assert refused.status == 400 and refused.headers['Access-Control-Allow-Origin'] == '*'  # it was read, and found to be no offer
    assert node.call('POST', '/stream/other/whip', b'no offer', sdp).status == 403
    assert node.call('POST', '/stream/other/whip', b'no offer', {**sdp, 'Authorization': 'Bearer wrong'}).status == 403
    assert node.call('POST', '/stream/other/whip', b'no offer', {**sdp, 'Authorization': f'Bearer {TOKEN}'}).status == 400


def test_head_of_a_stream_without_an_end_has_no_length(node):
    for path in ('live.flv', 'live.ts'):
        answer = node.call('HEAD', f'/stream/talk/{path}')
        assert answer.status == 200 and 'Content-Length' not in answer.headers, answer.headers
