# SPDX-License-Identifier: BSD-3-Clause
"""A private stream: made and shared on the publisher's page; its link opens it on a guest's page, and the secret does not stay in the address."""
import astral
import media


def test_a_link_opens_a_private_stream(network, page):
    source = network.node('s')
    guest = network.node('g', bootstrap=[source])
    page.open(f'{source.url}/#publish')
    page.wait('the owner to be known', lambda: page.is_shown('#publish-private'))
    page.js('document.querySelector("#publish-private").click()')
    page.js('document.querySelector("#publish-form button").click()')
    page.wait('the stream', lambda: 'is private' in page.text('#publish-said') and 'My Talk' in page.text('#own'))
    slug = page.text('#obs-key')
    assert slug.startswith('private-') and source.stream(slug)['private']
    media.publish_test_picture(network, source, slug)

    astral.wait_until(lambda: 'video' in source.stream(slug), 'media', 40)
    page.open(f'{source.url}/#watch/{slug}')
    page.expect_moving()
    page.wait('its title, which only the owner and guests see', lambda: page.text('#watch-name') == 'My Talk')
    page.js('document.querySelector("#share-open").click()')
    page.wait('the form', lambda: page.is_shown('#share-private'))
    assert not page.is_shown('#share-embed') and not page.is_shown('#share-link')
    page.js('document.querySelector("#guest-name").value = "ann"')
    page.js('document.querySelector("#guest-form button").click()')
    page.wait('the link', lambda: page.is_shown('#share-link') and '#invite/' in page.text('#share-link'))
    page.wait('the guest', lambda: 'ann' in page.text('#guests') and 'until' in page.text('#guests'))
    link = page.text('#share-link').replace(source.url, guest.url)

    page.open(link)
    page.wait('the stream', lambda: page.js('location.hash') == f'#watch/{slug}')
    page.expect_moving()
    page.wait('its title', lambda: page.text('#watch-name') == 'My Talk')
    secret = link.split('#invite/')[1]
    assert page.console_errors == []
    page.js('history.back()')
    page.wait('the page before', lambda: page.js('location.origin') == source.url)
    logs = [log.read_text(errors='replace') for log in network.folder.glob('*.log')]
    assert secret not in page.js('location.href') and logs and not any(secret in log for log in logs)

    page.open(f'{source.url}/#watch/{slug}')
    page.js('document.querySelector("#share-open").click()')
    page.wait('the guest', lambda: 'until' in page.text('#guests'))
    page.js('document.querySelector("#guests button").click()')
    page.wait('the end of the invitation', lambda: 'revoked' in page.text('#guests'))
    page.open(f'{guest.url}/#watch/{slug}')
    page.wait('the refusal', lambda: 'invitation' in page.text('#watch-status'))
