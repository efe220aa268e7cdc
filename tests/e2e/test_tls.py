# SPDX-License-Identifier: BSD-3-Clause
"""https:// on the port of http://: with the certificate that a program makes itself, and with one that was given. A node and an origin."""
import hashlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request

import pytest

import astral
import media

LOCAL = '127.0.0.1'


def own_certificate(folder):
    """A certificate and its key, as somebody else makes them."""
    certificate, key = folder / 'cert.pem', folder / 'key.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', str(key), '-out', str(certificate), '-days', '2',
                    '-subj', '/CN=example', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'], capture_output=True, check=True)
    key.chmod(0o600)
    return certificate, key


def get(port, path, authorities):
    """GET by https; the certificate is checked."""
    handler = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(authorities)))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    with opener.open(f'https://{LOCAL}:{port}{path}', timeout=20 * astral.PATIENCE) as answer:
        return answer.read()


def fingerprint(port):
    """Of the certificate that is there, as a browser shows it."""
    context = ssl._create_unverified_context()
    with socket.create_connection((LOCAL, port), 20) as plain, context.wrap_socket(plain) as tls:
        digest = hashlib.sha256(tls.getpeercert(True)).hexdigest().upper()
    return ':'.join(digest[at:at + 2] for at in range(0, len(digest), 2))


def hang_up(process):
    process.popen.send_signal(signal.SIGHUP)


def test_a_node_answers_https_with_its_own_certificate(network):
    node = network.node('n')
    own = network.folder / 'state-n' / 'tls.pem'
    settings = json.loads(get(node.port, '/settings', own))
    assert settings['certificate_sha256'] == fingerprint(node.port) == node.get('/settings')['certificate_sha256']
    assert settings['hls_url'].startswith(f'https://{LOCAL}:{node.port}/')
    assert node.get('/settings')['hls_url'].startswith('http://')
    with pytest.raises(OSError, match='CERTIFICATE_VERIFY_FAILED'):
        get(node.port, '/', '/etc/ssl/certs/ca-certificates.crt')
    port = node.port
    node.end()
    again = network.node('n', port=port)
    assert fingerprint(again.port) == settings['certificate_sha256']  # a browser does not ask again


def test_a_stream_plays_by_https(network):
    node = network.node('n')
    media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream')
    for path in ('hls/index.m3u8', 'live.flv', 'live.ts'):
        found = media.probe(f'https://{LOCAL}:{node.port}/stream/talk/{path}', '-show_streams', '-read_intervals', '%+1')
        assert {stream['codec_name'] for stream in found['streams']} == {'h264', 'aac'}, path


def test_a_page_by_https_has_events(network):
    node = network.node('n')
    context = ssl._create_unverified_context()
    with socket.create_connection((LOCAL, node.port), 20 * astral.PATIENCE) as plain, context.wrap_socket(plain) as tls:
        tls.sendall((f'GET /events HTTP/1.1\r\nHost: {LOCAL}:{node.port}\r\nOrigin: https://{LOCAL}:{node.port}\r\nConnection: Upgrade\r\n'
                     'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n').encode())
        assert tls.recv(1000).startswith(b'HTTP/1.1 101 ')
    foreign = astral.http('POST', node.url + '/streams', {'slug': 'talk'}, {'Origin': f'https://{LOCAL}:{node.port}'})
    assert foreign.status == 403  # a page by https is not the page of this http


def test_the_settings_name_a_certificate_and_sighup_renews_it(network):
    certificate, key = own_certificate(network.folder)
    node = network.node('n', None, (), None, '--tls-certificate', certificate, '--tls-key', key)
    assert json.loads(get(node.port, '/health', certificate))['status'] == 'ok'
    first = fingerprint(node.port)
    own_certificate(network.folder)
    hang_up(node)
    astral.wait_until(lambda: fingerprint(node.port) != first, 'the new certificate')
    assert json.loads(get(node.port, '/health', certificate))['status'] == 'ok'
    second = fingerprint(node.port)
    key.write_text('no key')
    hang_up(node)
    astral.wait_until(lambda: 'the settings stay as they were' in node.output, 'a warning')
    assert fingerprint(node.port) == second


def test_a_certificate_that_is_none_is_refused(network):
    certificate, key = own_certificate(network.folder)
    other = network.folder / 'other'
    other.mkdir()
    _, foreign = own_certificate(other)
    for given in (['--tls-certificate', key], ['--tls-certificate', certificate, '--tls-key', foreign], ['--tls-certificate', '/nothing']):
        for name in ('astralnode', 'astralorigin'):
            done = subprocess.run([astral.program(name), '--port', '0', *map(str, given)], env=network.environment(), capture_output=True,
                                  text=True, timeout=60 * astral.PATIENCE, cwd=network.folder)
            assert done.returncode in (1, 2) and str(given[1]) in done.stderr, done.stderr


def test_nodes_report_to_an_origin_by_https(network):
    """The origin's certificate is its own; a node that does not know it stays away."""
    origin = network.origin()
    certificate = network.folder / 'data' / 'astral' / 'origin-tls.pem'
    secure = f'https://{LOCAL}:{origin.port}'
    network.node('friend', None, (), None, '--origin', secure, '--origin-ca', certificate)
    stranger = network.node('stranger', None, (), None, '--origin', secure)
    astral.wait_until(lambda: 'the origin does not answer' in stranger.output, 'the refusal')
    astral.wait_until(lambda: [node['uuid'] for node in origin.get('/nodes')['nodes']] == ['friend'], 'the report')
    assert json.loads(get(origin.port, '/streams', certificate)) == {'streams': []}


@pytest.mark.skipif(not shutil.which('openssl'), reason='needs openssl')
@pytest.mark.parametrize('version', ['-tls1_2', '-tls1_3'])
def test_versions_that_browsers_speak(network, version):
    node = network.node('n')
    done = subprocess.run(['openssl', 's_client', version, '-connect', f'{LOCAL}:{node.port}', '-alpn', 'h2,http/1.1'], input='Q\n',
                          capture_output=True, text=True, timeout=60 * astral.PATIENCE)
    assert 'ALPN protocol: http/1.1' in done.stdout
    old = subprocess.run(['openssl', 's_client', '-tls1_1', '-connect', f'{LOCAL}:{node.port}'], input='Q\n', capture_output=True, text=True,
                         timeout=60 * astral.PATIENCE)
    assert 'BEGIN CERTIFICATE' not in old.stdout


def test_rtmps_publishes_and_plays(network):
    """On the port of RTMP, with the same certificate."""
    node = network.node('n', rtmp_port=astral.free_port())
    port = node.get('/settings')['rtmp_port']
    secure = f'rtmps://{LOCAL}:{port}/astral/talk'
    network.start('ffmpeg', ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=30', '-c:v',
                             'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p', '-f', 'flv', secure])
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream')
    for url in (secure, secure.replace('rtmps:', 'rtmp:')):
        found = media.probe(url, '-show_streams', '-read_intervals', '%+1')
        assert [stream['codec_name'] for stream in found['streams']] == ['h264'], url
    refused = subprocess.run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc', '-t', '1', '-c:v', 'libx264', '-f',
                              'flv', secure.replace('talk', 'NO!')], capture_output=True, text=True, timeout=60 * astral.PATIENCE)
    assert refused.returncode != 0 and 'the stream key may have' in refused.stderr
