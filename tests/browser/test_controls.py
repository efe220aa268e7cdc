# SPDX-License-Identifier: BSD-3-Clause
"""The player's buttons, keys and sound, full screen, and what the system shows of it."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from page import in_both

IN_FULL_SCREEN = 'document.fullscreenElement?.id === "screen"'


@pytest.fixture
def watch(node, page):
    page.open(node.url)
    page.js('localStorage.clear()')
    page.open(node.url + '#watch/demo')
    page.expect_moving(1)
    yield page
    page.js('document.fullscreenElement && document.exitFullscreen()')
    page.wait('the window', lambda: not page.js(IN_FULL_SCREEN))


def press(page, *keys, on='#screen'):
    page.driver.find_element('css selector', on).send_keys(*keys)


def sound(page):
    video = page.js('(({muted, volume}) => [muted, volume])(document.querySelector("video"))')
    return 0 if video[0] else round(video[1], 2)


def name_of(page, button):
    return page.js('document.querySelector(arguments[0]).ariaLabel', button)


@in_both
def test_the_keys_of_the_player(watch):
    page = watch
    press(page, Keys.SPACE)
    page.wait('the pause', lambda: page.state == 'Paused' and name_of(page, '#pause') == 'Play')
    press(page, 'k')
    page.wait('the end of the pause', lambda: page.state == 'Live' and name_of(page, '#pause') == 'Pause')
    assert sound(page) == 0
    press(page, 'm')
    assert sound(page) == 1 and name_of(page, '#sound') == 'Sound off'
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert sound(page) == 0.8 and page.js('document.querySelector("#volume").value') == '0.8'
    press(page, 'm')
    assert sound(page) == 0 and page.js('document.querySelector("#volume").value') == '0'
    press(page, 'f')
    page.wait('full screen', lambda: page.js(IN_FULL_SCREEN))
    press(page, 'f')
    page.wait('the window', lambda: not page.js(IN_FULL_SCREEN))
    assert page.console_errors == []


def test_keys_are_listed_and_act_nowhere_else(watch):
    page = watch
    press(page, '?')
    page.wait('the list', lambda: page.is_shown('#keys'))
    assert 'Fill the screen' in page.text('#keys-list') and 'Go live' in page.text('#keys-list')
    press(page, 'm', on='#keys button')  # the dialog has the keys now
    assert sound(page) == 0
    press(page, Keys.ESCAPE, on='#keys button')
    page.wait('the list to go', lambda: not page.is_shown('#keys'))
    for place in ('#order', '#player-choice', '#stream-list a'):
        press(page, 'm', on=place)
        assert sound(page) == 0, place
    page.js('document.activeElement.blur()')
    press(page, 'm', on='body')
    assert sound(page) == 1
    press(page, Keys.SPACE, on='#sound')  # on a button, space presses that button
    assert sound(page) == 0 and page.state == 'Live'


def test_the_sound_is_remembered(node, watch):
    page = watch
    page.js('''(volume => {
        volume.value = 0.4;
        volume.dispatchEvent(new Event("input"));
    })(document.querySelector("#volume"))''')
    assert sound(page) == 0.4
    page.js('document.querySelector("#sound").click()')
    assert sound(page) == 0
    page.open(node.url)
    page.open(node.url + '#watch/demo')
    page.expect_moving(1)
    assert sound(page) == 0
    press(page, 'm')
    assert sound(page) == 0.4


def test_a_double_click_fills_the_screen_and_the_buttons_hide_while_the_pointer_rests(watch):
    page = watch
    screen = page.driver.find_element('id', 'screen')
    ActionChains(page.driver).move_to_element(screen).double_click().perform()
    page.wait('full screen', lambda: page.js(IN_FULL_SCREEN))
    hidden = lambda: page.js('getComputedStyle(document.querySelector("#bar")).opacity') == '0'
    page.wait('the buttons to hide', hidden)
    assert page.js('getComputedStyle(document.querySelector("#screen")).cursor') == 'none'
    ActionChains(page.driver).move_by_offset(15, 10).perform()
    page.wait('the buttons', lambda: not hidden())
    ActionChains(page.driver).double_click().perform()
    page.wait('the window', lambda: not page.js(IN_FULL_SCREEN))


def test_picture_in_picture(watch):
    page = watch
    if not page.js('document.pictureInPictureEnabled'):
        assert not page.js('document.querySelector("#float").checkVisibility()')
        pytest.skip('this browser has no picture in picture')
    press(page, 'i')
    page.wait('the small window', lambda: page.js('document.pictureInPictureElement?.id') == 'video')
    press(page, 'i')
    page.wait('its end', lambda: page.js('document.pictureInPictureElement') is None)


def test_the_system_shows_the_title_and_asks_for_no_picture_that_is_not_there(node, watch):
    page = watch
    assert page.js('navigator.mediaSession.metadata.title') == 'Demo'
    assert page.js('navigator.mediaSession.metadata.artwork.length') == 0
    assert node.asked('/stream/demo/thumbnail.jpg') == 0
    press(page, 'k')
    page.wait('the pause', lambda: page.js('navigator.mediaSession.playbackState') == 'paused')
    page.open(node.url + '#streams')
    page.wait('nothing to play', lambda: page.js('navigator.mediaSession.metadata') is None)
    assert page.console_errors == []
