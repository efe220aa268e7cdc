# SPDX-License-Identifier: BSD-3-Clause
"""A stream is shared: its link, the link's QR code, and the player in a page of another site."""

import html
import http.server
import re
import shutil
import subprocess
import threading

import astral
import pytest
from selenium.webdriver.common.keys import Keys

from test_picture import publish

NAME = '"Quotes" & <tags>'
PAGES = ('/', '/index.html', '/embed.html', '/main.js')


class Site:
    """A web site elsewhere, of one page."""

    def __init__(self):
        site = self
        self.body = ''

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = f'<!doctype html><title>elsewhere</title>{site.body}'.encode()
                self.send_response(200)
                self.send_header('content-type', 'text/html')
                self.send_header('content-length', str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site():
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def share(node, page):
    node.streams[0]['name'] = NAME
    page.open(node.url + '#watch/demo')
    page.wait('the name', lambda: page.text('#watch-name') == NAME)
    page.js('document.querySelector("#share-open").click()')
    page.wait('the code', lambda: page.is_shown('#share') and page.js('document.querySelector("#share-code path") !== null'))


def test_the_link_is_the_pages_own_address(node, page):
    share(node, page)
    assert page.text('#share-title') == f'Share “{NAME}”'
    assert page.text('#share-link') == f'{node.url}#watch/demo'
    assert page.is_shown('#share-local')  # nobody else can open 127.0.0.1
    element = page.text('#share-embed')
    assert element.startswith('<iframe ') and element.count('<') == 2  # the name cannot end the attribute
    found = dict(re.findall(r'(\w+)="([^"]*)"', element))
    assert found['src'] == f'{node.url}embed/demo' and html.unescape(found['title']) == NAME
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.wait('the dialog to close', lambda: not page.is_shown('#share'))
    assert page.console_errors == []


@pytest.mark.skipif(not shutil.which('zbarimg'), reason='zbarimg is missing (Debian: zbar-tools)')
def test_the_code_holds_the_link(node, page, tmp_path):
    share(node, page)
    page.driver.find_element('id', 'share-code').screenshot(str(tmp_path / 'code.png'))
    read = subprocess.run(['zbarimg', '-q', '--raw', tmp_path / 'code.png'], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == f'{node.url}#watch/demo'


@pytest.fixture
def live(network, site):
    """start(*options): a node with a stream, and the other site's page that shows its player."""
    def start(*options):
        node = network.node('n', None, (), None, *options)
        publish(network, node, 'talk')
        astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live')
        site.body = f'<iframe src="{node.url}/embed/talk" width="640" height="360" allow="autoplay; fullscreen"></iframe>'
        return node
    return start


def test_the_player_plays_in_a_page_of_an_allowed_site(live, site, page):
    live('--allowed-origin', site.url)
    page.open(site.url)
    page.driver.switch_to.frame(page.driver.find_element('css selector', 'iframe'))
    try:
        page.wait('the picture', lambda: page.js('document.querySelector("#screen")?.dataset.state') == 'playing')
        before = page.time
        page.wait('more of it', lambda: page.time > before + 2)
        assert page.js('document.title').startswith('talk')
        assert page.js('[innerWidth, innerHeight].join()') == '640,360'
        assert page.js('document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth')
        page.driver.find_element('id', 'screen').send_keys('?')
        page.wait('the keys', lambda: page.is_shown('#keys'))
    finally:
        page.driver.switch_to.default_content()
    assert page.console_errors == []


def test_other_sites_may_not_show_the_player(live, site, page):
    node = live()
    page.open(site.url)
    page.wait('the refusal', lambda: any('frame-ancestors' in line for line in page.console))
    policy = node.call('GET', '/embed/talk').headers['Content-Security-Policy']
    assert policy.endswith("frame-ancestors 'self'")


def test_every_site_may_show_the_player_of_a_public_node_and_nothing_else_of_it(network):
    node = network.node('n', None, (), None, '--public')
    assert node.call('GET', '/embed/talk').headers['Content-Security-Policy'].endswith('frame-ancestors *')
    for path in PAGES:
        assert node.call('GET', path).headers['Content-Security-Policy'].endswith("frame-ancestors 'none'"), path
