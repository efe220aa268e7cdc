# SPDX-License-Identifier: BSD-3-Clause
"""The files of the pages travel compressed, and a browser that has one is told so instead of getting it again."""
import gzip

import pytest

FILES = {'node': ('/', '/hls.js', '/main.js', '/style.css', '/favicon.svg'), 'origin': ('/origin/hls.js', '/origin/origin.css', '/favicon.svg')}


@pytest.mark.parametrize('program', FILES)
def test_a_file_is_compressed_and_sent_once(network, program):
    server = network.node('n') if program == 'node' else network.origin()
    for path in FILES[program]:
        plain = server.call('GET', path)
        small = server.call('GET', path, None, {'Accept-Encoding': 'gzip, deflate, br'})
        assert plain.status == small.status == 200
        assert 'Content-Encoding' not in plain.headers and small.headers['Content-Encoding'] == 'gzip'
        assert gzip.decompress(small.body) == plain.body and len(small.body) < len(plain.body)
        assert small.headers['Vary'] == 'Accept-Encoding' and small.headers['Content-Type'] == plain.headers['Content-Type']
        assert plain.headers['ETag'] != small.headers['ETag']
        for sent, coding in ((plain, {}), (small, {'Accept-Encoding': 'gzip'})):
            tag = sent.headers['ETag']
            for known in (tag, f'"other", {tag}', f'W/{tag}', '*'):
                again = server.call('GET', path, None, {**coding, 'If-None-Match': known})
                assert again.status == 304 and not again.body and again.headers['ETag'] == tag, (path, known)
            assert server.call('GET', path, None, {**coding, 'If-None-Match': '"other"'}).body == sent.body


def test_the_policy_comes_with_an_unchanged_page_too(network):
    node = network.node('n')
    page = node.call('GET', '/')
    assert node.call('GET', '/', None, {'If-None-Match': page.headers['ETag']}).headers['Content-Security-Policy'] == \
        page.headers['Content-Security-Policy']
