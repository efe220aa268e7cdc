# SPDX-License-Identifier: BSD-3-Clause
"""A node behind nginx, which shows it by https under a path, configured as daemon/node/README.md says."""
import pathlib
import re
import shutil
import ssl
import subprocess
import urllib.parse
import urllib.request

import pytest

import astral
import media
from test_openapi import OFFER

ROOT = pathlib.Path(__file__).resolve().parents[2]
NGINX = shutil.which('nginx') or '/usr/sbin/nginx'
CONFIG = '''
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    server {{
        listen 0.0.0.0:{port} ssl;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
{location}
    }}
}}
'''
pytestmark = pytest.mark.skipif(not pathlib.Path(NGINX).exists(), reason='nginx is missing (Debian: nginx-light)')


def location(node_port):
    """The README's example, for that node."""
    text = (ROOT / 'daemon/node/README.md').read_text()
    example = re.search(r'^    location .*?^    \}$', text, re.M | re.S)[0]
    return example.replace(':8000/', f':{node_port}/')


class Proxy:
    def __init__(self, network, node):
        folder = network.folder / 'nginx'
        folder.mkdir()
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', folder / 'key.pem', '-out', folder / 'cert.pem',
                        '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], capture_output=True, check=True)
        self.port = astral.free_port()
        (folder / 'nginx.conf').write_text(CONFIG.format(folder=folder, port=self.port, location=location(node.port)))
        network.start_helper([NGINX, '-p', str(folder), '-c', str(folder / 'nginx.conf')])
        self.url = f'https://127.0.0.1:{self.port}/live'
        self.certificate = folder / 'cert.pem'
        astral.wait_until(self.answers, 'nginx')

    def answers(self):
        try:
            return self.call('GET', '/streams').status == 200  # as at a node and at an origin
        except OSError:
            return False

    def call(self, method, path, body=None, host='127.0.0.1', **headers):
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl._create_unverified_context())]
        headers = {name.replace('_', '-'): value for name, value in headers.items()}
        request = urllib.request.Request(f'https://{host}:{self.port}/live{path}', data=body, headers=headers, method=method)
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=20 * astral.PATIENCE) as answer:
                return astral.Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return astral.Answer(error.code, error.headers, error.read())


@pytest.fixture
def node(network):
    return network.node('n', None, (), None, '--trusted-proxy', '127.0.0.1')


@pytest.fixture
def proxy(network, node):
    return Proxy(network, node)


def test_addresses_are_those_that_the_client_sees(node, proxy):
    settings = proxy.call('GET', '/settings').json
    assert settings['hls_url'] == f'{proxy.url}/stream/{{slug}}/hls/index.m3u8'
    made = proxy.call('POST', '/streams', b'{"name":"Talk"}', Content_Type='application/json', Origin=f'https://127.0.0.1:{proxy.port}')
    assert made.status == 201 and made.headers['Location'] == '/live/stream/talk'
    assert node.call('POST', '/streams', {'name': 'Other'}).headers['Location'] == '/stream/other'
    other_site = proxy.call('POST', '/streams', b'{"name":"X"}', Content_Type='application/json', Origin=f'http://127.0.0.1:{proxy.port}')
    assert other_site.status == 403


def test_a_client_has_its_own_rights(network, node, proxy):
    assert proxy.call('GET', '/settings').json['owner']
    assert not proxy.call('GET', '/settings', X_Forwarded_For='203.0.113.5').json['owner']  # another proxy before, on this machine
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    assert not proxy.call('GET', '/settings', host=address).json['owner']
    assert not proxy.call('GET', '/settings', host=address, X_Forwarded_For='127.0.0.1').json['owner']
    assert proxy.call('POST', '/streams', b'{"name":"X"}', host=address, Content_Type='application/json').status == 403


def test_an_origin_behind_it_carries_the_signalling_of_its_nodes(network):
    origin = network.origin('--trusted-proxy', '127.0.0.1')
    proxy = Proxy(network, origin)
    nodes = [network.node(label, None, (), None, '--supernode', 'no', '--origin', proxy.url, '--origin-ca', proxy.certificate) for label in 'pv']
    for node in nodes:
        astral.wait_until(lambda node=node: node.supernode() == astral.ORIGIN, 'a child of the origin')
    media.publish_test_picture(network, nodes[0], 'talk')
    astral.wait_until(lambda: (nodes[1].stream('talk') or {}).get('streaming'), 'the stream')
    found = media.probe(f'{nodes[1].url}/stream/talk/live.flv', '-show_streams', '-read_intervals', '%+1')
    assert {stream['codec_name'] for stream in found['streams']} == {'h264', 'aac'}


def test_what_an_unknown_proxy_forwards_has_no_rights(network):
    node = network.node('n')
    proxy = Proxy(network, node)
    settings = proxy.call('GET', '/settings').json
    assert not settings['owner'] and settings['hls_url'].startswith('http://')
    assert proxy.call('POST', '/streams', b'{"name":"X"}', Content_Type='application/json').status == 403
    assert node.get('/settings')['owner']


def test_everything_plays(network, node, proxy):
    media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream')
    for path in ('hls/index.m3u8', 'live.flv', 'live.ts'):
        found = media.probe(f'{proxy.url}/stream/talk/{path}', '-show_streams', '-read_intervals', '%+1')
        assert {stream['codec_name'] for stream in found['streams']} == {'h264', 'aac'}, path
    watching = proxy.call('POST', '/stream/talk/whep', OFFER.replace('DIRECTION', 'recvonly').encode(), Content_Type='application/sdp')
    assert watching.status == 201
    place = urllib.parse.urlsplit(urllib.parse.urljoin(f'{proxy.url}/stream/talk/whep', watching.headers['Location'])).path
    assert proxy.call('DELETE', place.removeprefix('/live')).status == 200
