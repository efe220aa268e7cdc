# SPDX-License-Identifier: BSD-3-Clause
"""astralorigin as a process: restarts, hostile clients, options. Unit tests check its answers in detail."""
import concurrent.futures
import socket
import subprocess

import pytest

import astral


def post_stream(origin, name, source='n1'):
    return origin.call('POST', '/streams', {'name': name, 'source': source})


def test_confirmed_registrations_survive_kill_9(network):
    store = f'sqlite://{network.folder}/origin.db'
    origin = network.origin(store=store)
    assert origin.call('POST', '/nodes', {'uuid': 'n1', 'port': 8000}).status == 201
    names = [f'talk-{i}' for i in range(200)]
    for name in names:
        assert post_stream(origin, name).status == 201
    origin.kill()
    again = network.origin(store=store)
    assert sorted(s['slug'] for s in again.get('/streams')['streams']) == sorted(names)
    assert again.get('/node/n1')['node']['port'] == 8000
    assert post_stream(again, 'talk-7', 'n2').status == 409


def test_a_body_that_is_too_large_is_refused_at_once(network):
    origin = network.origin()
    files = origin.files()
    for path, limit in (('/streams', 64 * 1024), ('/nodes', 64 * 1024), ('/ping', 256 * 1024)):
        assert origin.call('POST', path, b'{' + b' ' * limit, {'Content-Type': 'application/json'}).status == 413
    assert origin.call('POST', '/ping', b'x' * 256 * 1024).status == 200
    memory = origin.memory_kb()
    for chunked in (False, True):
        with socket.create_connection(('127.0.0.1', origin.port), 20) as client:
            length = b'Transfer-Encoding: chunked' if chunked else b'Content-Length: 1000000000'
            client.sendall(b'POST /streams HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' + length + b'\r\n\r\n')
            with pytest.raises(OSError):
                for _ in range(2000):
                    client.sendall(b'10000\r\n' + b'x' * 65536 + b'\r\n' if chunked else b'x' * 65536)
    assert origin.memory_kb() - memory < 4096
    astral.wait_until(lambda: origin.files() <= files + 2, 'the connections to be closed')
    assert origin.get('/ping') == {'ip': '127.0.0.1'}


RUBBISH = {
    'binary': b'\x00\xff' * 500 + b'\r\n\r\n',
    'no path': b'GET\r\n\r\n',
    'negative length': b'GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n',
    'no url': b'GET http://[ HTTP/1.1\r\n\r\n',
    'path upwards': b'GET /%00/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'no utf-8': b'GET /stream/%ff%fe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'bad escapes': b'GET /streams?limit=%zz&a=%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'http 2': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'long header': b'GET / HTTP/1.1\r\nX: ' + b'a' * 200000 + b'\r\n\r\n',
}


@pytest.mark.parametrize('junk', RUBBISH.values(), ids=RUBBISH.keys())
def test_malformed_requests_get_an_error_and_change_nothing(network, junk):
    origin = network.origin()
    with socket.create_connection(('127.0.0.1', origin.port), 10) as client:
        try:
            client.sendall(junk)
            answer = client.recv(4096)
        except ConnectionError:
            answer = b''  # a closed connection is right too
    assert not answer or answer.split()[1][:1] in (b'4', b'5'), answer
    assert origin.get('/streams') == {'streams': []}


def test_concurrent_registrations_of_one_slug_give_one_stream(network):
    origin = network.origin()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(lambda i: post_stream(origin, f'talk {i % 100}', f'n{i % 3}').status, range(600)))
    assert statuses.count(201) == 100
    assert set(statuses) == {200, 201, 409}
    assert len(origin.get('/streams')['streams']) == 100


def test_unknown_paths_get_404_and_wrong_methods_405(network):
    origin = network.origin()
    missing = origin.call('GET', '/nope')
    assert missing.status == 404 and missing.error['code'] == 'not-found'
    wrong = origin.call('PATCH', '/streams')
    assert wrong.status == 405 and wrong.headers['Allow'] == 'GET, HEAD, POST' and wrong.error['message']


def test_browsers_get_html_pages(network):
    origin = network.origin()
    post_stream(origin, 'My Talk!')
    for path in ('/', '/streams', '/stream/my-talk', '/nodes'):
        page = origin.call('GET', path, headers={'Accept': 'text/html,*/*;q=0.8'})
        assert page.status == 200 and page.headers['Content-Type'] == 'text/html; charset=utf-8', path
    assert b'My Talk!' in origin.call('GET', '/').body
    assert origin.call('HEAD', '/streams').body == b''


def run(*options):
    return subprocess.run([astral.program('astralorigin'), *options], capture_output=True, text=True, timeout=20)


def test_help_and_version_print_and_bad_options_are_refused():
    assert run('--version').stdout.startswith('astralorigin 0.')
    for flag in ('-h', '--help'):
        assert '--store' in run(flag).stdout
    for bad in (['--port', '70000'], ['--port', 'x'], ['--frob'], ['extra'], ['--store', 'etcd://x'], ['--listen', 'x']):
        done = run(*bad)
        assert done.returncode == 2 and done.stderr.startswith('astralorigin: '), bad


def test_a_port_that_is_taken_is_an_error_at_the_start(network):
    origin = network.origin()
    done = run('--port', str(origin.port), '--store', 'sqlite://:memory:')
    assert done.returncode == 1 and 'cannot listen' in done.stderr
