# SPDX-License-Identifier: BSD-3-Clause
"""The node's page for tests: what it shows, and what a test can do on it. wait() polls a condition, with one deadline."""

import os
import time

import pytest

in_both = pytest.mark.parametrize('driver', ['chromium', 'firefox'], indirect=True)
in_firefox = pytest.mark.parametrize('driver', ['firefox'], indirect=True)
PATIENCE = float(os.environ.get('ASTRAL_E2E_PATIENCE', '1'))  # as in e2e/
DEADLINE_S = 45
ASK_EVERY_S = 0.1


class Page:
    @classmethod
    def fresh(cls, driver):
        """An empty page, without what the browser said of earlier ones."""
        driver.get('about:blank')
        driver.get_log('browser')
        return cls(driver)

    def __init__(self, driver):
        self.driver = driver

    def open(self, url):
        self.driver.get(url)

    def js(self, expression, *arguments):
        return self.driver.execute_script(f'return {expression}', *arguments)

    def wait(self, what, condition, deadline_s=DEADLINE_S):
        end = time.monotonic() + deadline_s * PATIENCE
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < end, f'waited {deadline_s * PATIENCE:g} s for {what}; {self.describe()}'
            time.sleep(ASK_EVERY_S)

    def describe(self):
        return f'the page shows {self.text("#watch")!r}, the console has {self.console}'

    def text(self, selector):
        """Its text, with each no-break space as a space."""
        return self.js('(document.querySelector(arguments[0])?.innerText ?? "").replaceAll("\\u00a0", " ")', selector)

    def is_shown(self, selector):
        return self.js('document.querySelector(arguments[0]).checkVisibility()', selector)

    def choose(self, kind):
        """Chooses a player in the page's list."""
        self.wait(f'{kind} to be offered', lambda: self.js(
            '[...document.querySelector("#player-choice").options].some(one => one.value === arguments[0])', kind))
        self.driver.execute_script('''
            const select = document.querySelector("#player-choice");
            select.value = arguments[0];
            select.dispatchEvent(new Event("change"));''', kind)

    @property
    def seconds_behind(self):
        """How far behind live the page says that it is; None if it does not say."""
        number, _, unit = self.text('#fact-latency').partition(' ')
        return float(number) / {'ms': 1000, 's': 1}[unit] if unit else None

    @property
    def player(self):
        return self.text('#fact-player')

    @property
    def state(self):
        return self.text('#fact-state')

    @property
    def overlay(self):
        return self.text('#overlay-text') if self.is_shown('#overlay') else ''

    @property
    def time(self):
        return self.js('document.querySelector("video").currentTime')

    @property
    def frames(self):
        return self.js('document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames')

    def picture(self):
        """The video's current frame as a PNG data URL."""
        return self.js('''(() => {
            const video = document.querySelector("video");
            const canvas = document.createElement("canvas");
            canvas.width = video.videoWidth;
            canvas.height = video.videoHeight;
            canvas.getContext("2d").drawImage(video, 0, 0);
            return canvas.toDataURL("image/png");
        })()''')

    def expect_moving(self, seconds=3, state='Live'):
        """Waits until the video's time advances, more frames are decoded and the picture changes."""
        self.wait('the picture', lambda: self.state == state and self.js(
            'document.querySelector("video").videoWidth') > 0)
        time_before, frames_before, picture_before = self.time, self.frames, self.picture()
        self.wait(f'{seconds} more seconds', lambda: self.time > time_before + seconds)
        self.wait('more frames', lambda: self.frames > frames_before + 10 * seconds)
        self.wait('another picture', lambda: self.picture() != picture_before)

    @property
    def has_h264_for_webrtc(self):
        """Firefox brings its H.264 for WebRTC from Mozilla, after its first start. Without it that player cannot play, and the page takes
        the next one."""
        return self.js('RTCRtpReceiver.getCapabilities("video").codecs.some(({mimeType}) => mimeType === "video/H264")')

    def expect_each_player_to_play(self):
        self.expect_moving()
        for kind, name in (('hls', 'HLS'), ('llhls', 'Low-latency HLS'), ('flv', 'HTTP-FLV'), ('whep', 'WebRTC')):
            self.choose(kind)
            if kind == 'whep' and not self.has_h264_for_webrtc:
                name = 'Low-latency HLS'
            self.wait(f'{name} to play', lambda name=name: self.player == name)
            self.expect_moving(1)

    def save_in_dark_scheme(self, file, part=None, height=1250):
        night = {'features': [{'name': 'prefers-color-scheme', 'value': 'dark'}]}
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', night)
        self.driver.set_window_size(1280, height)
        self.driver.execute_script('document.activeElement.blur(); scrollTo(0, 0)')
        self.wait('the end of the colour transitions', lambda: self.js('document.getAnimations().length') == 0)
        if part:
            self.driver.find_element('css selector', part).screenshot(file)
        else:
            self.driver.save_screenshot(file)

    @property
    def console(self):
        """All console lines since the page was opened. ChromeDriver gives each line only once, so they are kept."""
        self._lines = getattr(self, '_lines', []) + [
            f'{line["level"]}: {line["message"]}' for line in self.driver.get_log('browser')]
        return self._lines

    @property
    def console_errors(self):
        return [line for line in self.console if line.startswith(('SEVERE', 'WARNING'))]
