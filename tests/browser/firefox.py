# SPDX-License-Identifier: BSD-3-Clause
"""Selenium's driver for Firefox without geckodriver, which Debian does not have: it speaks Firefox's own protocol, Marionette. Marionette
has WebDriver's commands in JSON over TCP; a message is LENGTH:[0, id, command, parameters], its answer [1, id, error, result]."""

import json
import os
import socket
import subprocess
import time

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import FirefoxOptions
from selenium.webdriver.remote.webdriver import WebDriver

from page import PATIENCE

DEADLINE_S = 60 * PATIENCE
PREFERENCES = {
    'marionette.port': 0,                          # any free port; Firefox writes it into PORT_FILE
    'media.navigator.streams.fake': True,          # camera and microphone
    'media.navigator.permission.disabled': True,   # and no question whether the page may have them
    'browser.shell.checkDefaultBrowser': False,
    'media.volume_scale': '0.0',
}
PORT_FILE = 'MarionetteActivePort'

# The commands that the tests need, by the names that Selenium has for them.
COMMANDS = {
    'get': 'Navigate', 'refresh': 'Refresh', 'getCurrentUrl': 'GetCurrentURL', 'setTimeouts': 'SetTimeouts',
    'w3cExecuteScript': 'ExecuteScript', 'w3cExecuteScriptAsync': 'ExecuteAsyncScript',
    'executeScript': 'ExecuteScript', 'executeAsyncScript': 'ExecuteAsyncScript',
    'findElement': 'FindElement', 'findElements': 'FindElements',
    'clickElement': 'ElementClick', 'clearElement': 'ElementClear', 'sendKeysToElement': 'ElementSendKeys',
    'w3cGetCurrentWindowHandle': 'GetWindowHandle', 'w3cGetWindowHandles': 'GetWindowHandles', 'newWindow': 'NewWindow',
    'switchToWindow': 'SwitchToWindow', 'close': 'CloseWindow', 'setWindowRect': 'SetWindowRect',
    'actions': 'PerformActions', 'clearActionState': 'ReleaseActions', 'w3cActions': 'PerformActions',
    'w3cClearActions': 'ReleaseActions', 'screenshot': 'TakeScreenshot', 'elementScreenshot': 'TakeScreenshot',
}

# Errors of pages since the last call: what scripts threw, what the security policy forbade, what console.error() said.
CONSOLE = '''
    const {ConsoleAPIStorage} = Object.hasOwn(globalThis, "ConsoleAPIStorage") ? globalThis : {
        ConsoleAPIStorage: Cc["@mozilla.org/consoleAPI-storage;1"].getService(Ci.nsIConsoleAPIStorage)};
    const thrown = Services.console.getMessageArray().filter((one) => one instanceof Ci.nsIScriptError
        && /^https?:/.test(one.sourceName) && !(one.flags & Ci.nsIScriptError.warningFlag)).map(({errorMessage}) => errorMessage);
    const said = ConsoleAPIStorage.getEvents().filter(({level, filename}) => level === "error" && /^https?:/.test(filename)).map(
        (one) => one.arguments.map(String).join(" "));
    Services.console.reset();
    ConsoleAPIStorage.clearEvents();
    return [...thrown, ...said];'''


class Marionette:
    """What Selenium calls a command executor: it starts Firefox with a new profile in `folder`, which is its HOME too."""

    def __init__(self, program, folder):
        (folder / 'user.js').write_text(''.join(
            f'user_pref({json.dumps(name)}, {json.dumps(value)});\n' for name, value in PREFERENCES.items()))
        with open(folder / 'log', 'wb') as log:
            self._process = subprocess.Popen(
                [program, '--headless', '--no-remote', '--marionette', '--remote-allow-system-access', '--profile', folder],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, 'HOME': str(folder)})
        self._socket = self._connect(folder)
        self._answers = self._socket.makefile('rb')
        self._last_id = 0
        self._read()  # the greeting

    def _connect(self, folder):
        end = time.monotonic() + DEADLINE_S
        port = folder / PORT_FILE
        while not (port.exists() and port.read_text()):
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                raise WebDriverException(f'Firefox did not start: {(folder / "log").read_text()}')
            time.sleep(0.1)
        return socket.create_connection(('127.0.0.1', int(port.read_text())))

    def _read(self):
        length = b''
        while (character := self._answers.read(1)) != b':':
            if not character:
                raise WebDriverException('Firefox closed the connection')
            length += character
        return json.loads(self._answers.read(int(length)))

    def _call(self, command, **parameters):
        self._last_id += 1
        message = json.dumps([0, self._last_id, command, parameters]).encode()
        self._socket.sendall(b'%d:%s' % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise WebDriverException(f'{command}: {error["error"]}: {error["message"]}')
        return result['value'] if isinstance(result, dict) and set(result) == {'value'} else result

    def _console(self):
        self._call('Marionette:SetContext', value='chrome')
        try:
            return [{'level': 'SEVERE', 'message': line} for line in self._call('WebDriver:ExecuteScript', script=CONSOLE, args=[])]
        finally:
            self._call('Marionette:SetContext', value='content')

    def execute(self, command, parameters):
        if command == 'newSession':
            return {'value': self._call('WebDriver:NewSession', acceptInsecureCerts=True)}
        if command == 'quit':
            return self.close()
        if command == 'getLog':
            return {'value': self._console()}
        parameters = {name: value for name, value in parameters.items() if name != 'sessionId'}
        if COMMANDS[command] == 'TakeScreenshot':
            parameters['full'] = False
        return {'value': self._call('WebDriver:' + COMMANDS[command], **parameters)}

    def close(self):
        try:
            self._call('Marionette:Quit', flags=['eForceQuit'])
            self._process.wait(DEADLINE_S)
        except (WebDriverException, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._socket.close()


def start(program, folder):
    return WebDriver(command_executor=Marionette(program, folder), options=FirefoxOptions())
