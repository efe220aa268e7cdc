# SPDX-License-Identifier: BSD-3-Clause
"""The owner's page shows a code; a phone that opens its address gets the owner's buttons, until the owner removes it. Both are windows
of one Chromium: the owner calls the node at localhost, the phone calls it at the machine's network address."""
import astral
import pytest

from test_names import phone, too_wide  # phone is a fixture: the page in a window of 390 px


def press(page, selector):
    page.driver.execute_script('document.querySelector(arguments[0]).click()', selector)


def test_a_phone_controls_the_node_until_it_is_removed(network, phone):
    page = phone
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    node = network.node('n', listen='0.0.0.0')
    page.open(f'{node.url}/#node')
    page.wait('the owner to be known', lambda: page.is_shown('#devices-empty'))
    press(page, '#pair-open')
    page.wait('the code', lambda: page.js('document.querySelector("#pair-picture path") !== null') and page.is_shown('#pair-now'))
    assert too_wide(page) == []
    url = page.text('#pair-url')
    assert url == f'https://{address}:{node.port}/#pair/{page.text("#pair-code")}'

    page.open(url)
    page.wait('the phone to be a guest', lambda: page.js('document.body.classList.contains("guest")'))
    assert too_wide(page) == []
    press(page, '#enter-form button')
    page.wait("the owner's part of the page", lambda: 'this device' in page.text('#devices li') and page.is_shown('#pipelines-title'))
    assert page.js('location.hash') == '#node' and page.js('document.cookie') == ''

    page.open(f'{node.url}/#node')
    page.wait('the device in the list', lambda: 'last seen' in page.text('#devices li'))
    press(page, '#devices button')
    page.wait('the list to be empty', lambda: page.is_shown('#devices-empty') and page.text('#devices') == '')
    page.open(f'https://{address}:{node.port}/#publish')
    page.wait('the phone to be a guest again', lambda: page.is_shown('.guests'))
    assert page.console_errors == []
