# SPDX-License-Identifier: BSD-3-Clause
"""Chromium publishes its fake camera by WHIP at one node and watches it by WHEP at another, with web/webrtc.js alone."""
import astral

PUBLISH = '''
    const [slug] = arguments;
    const {publish} = await import('./webrtc.js');
    const stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}, audio: true});
    window.lost = [];
    window.published = await publish(slug, stream, {on_lost: (error) => window.lost.push(error.message)});
    return 'published';'''
WATCH = '''
    const [slug] = arguments;
    const {watch} = await import('./webrtc.js');
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    window.lost = [];
    window.video = video;
    window.watched = await watch(slug, video, {on_lost: (error) => window.lost.push(error.message)});
    return 'watched';'''


def run(driver, script, *arguments):
    """Runs the body of an async function in the page. Returns its result, or the error as text."""
    driver.set_script_timeout(30)
    return driver.execute_async_script(f'''
        const done = arguments[arguments.length - 1];
        (async function () {{ {script} }}).apply(null, arguments).then(done, (error) => done(String(error)));''', *arguments)


def test_a_camera_published_by_whip_plays_by_whep_at_another_node(network, page):
    first = network.node('first')
    second = network.node('second', bootstrap=[first])
    driver = page.driver
    page.open(first.url)
    assert run(driver, PUBLISH, 'talk') == 'published'
    astral.wait_until(lambda: (second.stream('talk') or {}).get('streaming'), 'the stream to be known')
    camera = driver.current_window_handle
    driver.switch_to.new_window('tab')
    try:
        page.open(second.url)
        assert run(driver, WATCH, 'talk') == 'watched'
        frames = lambda: page.js('window.video.getVideoPlaybackQuality().totalVideoFrames')
        page.wait('the picture', lambda: page.js('window.video.videoWidth') > 0)
        page.wait('30 frames', lambda: frames() > 30)
        received = lambda: run(driver, '''return [...(await window.watched.pc.getStats()).values()]
            .filter(({type, bytesReceived}) => type === 'inbound-rtp' && bytesReceived > 0).map(({kind}) => kind)''')
        astral.wait_until(lambda: sorted(received()) == ['audio', 'video'], 'sound and picture')
        assert run(driver, 'return window.watched.latency()') < 2
        assert second.call('POST', '/stream/talk/whep', 'v=0', {'Content-Type': 'application/sdp'}).status == 415
        page.js('window.watched.close()')
        assert page.js('window.lost') == []
    finally:
        driver.close()
        driver.switch_to.window(camera)
    page.js('window.published.close()')
    astral.wait_until(lambda: not (first.stream('talk') or {}).get('streaming'), 'the stream to wait for its publisher')
    assert page.js('window.lost') == []
    assert page.console_errors == []
