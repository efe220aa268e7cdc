# SPDX-License-Identifier: BSD-3-Clause
"""The page publishes Chromium's (fake) camera by WHIP, with a preview. Another node plays the stream. The page pauses, resumes and
deletes it."""

import urllib.parse

from page import in_both


def button(page, selector):
    page.wait(f'{selector} to be there', lambda: page.is_shown(selector))
    page.driver.find_element('css selector', selector).click()


def test_a_name_in_any_script_is_published(network, page):
    node = network.node('n')
    page.open(f'{node.url}/#publish')
    for name in ('Прямой эфир', '日本語の配信', '🎉'):
        page.driver.find_element('id', 'publish-name').clear()
        page.js('((box, name) => { box.value = name; box.dispatchEvent(new Event("input")); })(arguments[0], arguments[1])',
                page.driver.find_element('id', 'publish-name'), name)
        slug = node.call('GET', '/slug?name=' + urllib.parse.quote(name)).json['slug']
        page.wait('the command', lambda slug=slug: f'/{slug} ' in page.text('#command-gst'))
        button(page, '#publish-form button')
        page.wait('the stream', lambda name=name: name in page.text('#own'))
        assert node.stream(slug)['name'] == name


@in_both
def test_the_page_publishes_the_camera_and_another_node_plays_it(network, page):
    node = network.node('n')
    viewer = network.node('v', bootstrap=[node])
    page.open(f'{node.url}/#publish')
    page.wait('the form', lambda: page.is_shown('#publish-name'))
    page.driver.find_element('id', 'publish-name').clear()
    page.driver.find_element('id', 'publish-name').send_keys('My Camera')
    page.wait('WHIP to be offered', lambda: page.js('!document.querySelector("#capture-preview").disabled'))
    button(page, '#capture-preview')
    page.wait('the preview', lambda: page.js('document.querySelector("#preview").videoWidth') > 0)
    assert node.stream('my-camera') is None  # the preview publishes nothing
    button(page, '#capture-live')
    page.wait('the stream to be live', lambda: page.text('#capture-said').startswith('Live'))
    page.wait("the stream's card", lambda: page.text('#own .badge') == 'Live')
    page.wait('the bit rate', lambda: 'bit/s' in page.text('#own .facts'))

    page.driver.switch_to.new_window('tab')
    try:
        page.wait('the other node to know the stream', lambda: viewer.stream('my-camera'))
        page.open(f'{viewer.url}/#watch/my-camera')
        page.expect_moving(2)
    finally:
        page.driver.close()
        page.driver.switch_to.window(page.driver.window_handles[0])

    button(page, '#own button')
    page.wait('the stream to be paused', lambda: node.stream('my-camera')['streaming'] is False)
    page.wait('the button to say Resume', lambda: page.text('#own button') == 'Resume')
    button(page, '#own button')
    page.wait('the stream to be live again', lambda: node.stream('my-camera')['streaming'])
    button(page, '#capture-stop')
    page.wait('the camera to stop', lambda: page.is_shown('#capture-preview'))
    page.wait('its card to wait', lambda: page.text('#own .badge') == 'Waiting')  # until then its buttons may move
    button(page, '#own button:nth-of-type(2)')
    button(page, '#confirm-yes')
    page.wait('the stream to be deleted', lambda: node.stream('my-camera') is None and page.is_shown('#own-empty'))
