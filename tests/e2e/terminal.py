# SPDX-License-Identifier: BSD-3-Clause
"""A terminal emulator: the program runs on a real pty, and the test reads the text on the screen. It knows the few escape
sequences that astralctl and bash write. An unknown sequence fails the test, since a real terminal might show it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import astral

_PIECE = re.compile(r'\x1b\[(\??)([\d;]*)([A-Za-z])|[\r\n\b\x07]|[^\x1b\r\n\b\x07]+')
_LAST = '\x1b[999m'  # a colour that no program sets, and that changes nothing on the screen


class Terminal:
    def __init__(self, argv, env, width=80, height=24, kind='xterm'):
        self.width, self.height = width, height
        self.raw = ''
        self.modes = set()  # DEC private modes that are set
        self.lines = ['']
        self._row = self._column = 0
        self._is_cut = False  # autowrap is off: lines end at the right edge
        self._other = [''], 0, 0  # the hidden one of the normal and the alternate screen
        self._unread = b''
        self._master, self._slave = pty.openpty()
        self._set_size()
        self.before = termios.tcgetattr(self._slave)
        self.popen = subprocess.Popen(argv, stdin=self._slave, stdout=self._slave, stderr=self._slave,
                                      env=dict(env, TERM=kind, LC_ALL='C.UTF-8'), start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
        os.close(self._slave)
        os.close(self._master)

    def _set_size(self):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack('HHHH', self.height, self.width, 0, 0))

    def resize(self, width, height):
        """The kernel sends SIGWINCH to the program in the foreground. Text outside the new size is cut off."""
        self.screen
        self.lines = [line[:width] for line in self.lines[:height]]
        self.width, self.height = width, height
        self._set_size()

    def type(self, keys):
        os.write(self._master, keys.encode())

    @property
    def settings(self):
        return termios.tcgetattr(self._slave)

    @property
    def screen(self):
        """The text on the screen now."""
        while select.select([self._master], [], [], 0)[0]:
            self._unread += os.read(self._master, 65536)
        text = self._unread.decode(errors='ignore')
        # An incomplete escape sequence or UTF-8 character waits for the rest of its bytes.
        whole = re.sub(r'\x1b(\[[\d;?]*)?\Z', '', text)
        if self._unread.decode(errors='replace') == text:
            self._unread = text[len(whole):].encode()
            self._draw(whole)
        return '\n'.join(line.rstrip() for line in self.lines)

    def _draw(self, text):
        self.raw += text
        at = 0
        while at < len(text):
            piece = _PIECE.match(text, at)
            assert piece, f'unknown escape sequence: {text[at:at + 20]!r}'
            at = piece.end()
            if piece[3]:
                self._control(piece[1], piece[2], piece[3])
            elif piece[0] == '\r':
                self._column = 0
            elif piece[0] == '\n':
                self._row += 1
            elif piece[0] == '\b':
                self._column -= 1
            elif piece[0] != '\x07':
                self._put(piece[0])

    def _line(self):
        self.lines += [''] * (self._row + 1 - len(self.lines))
        return self.lines[self._row].ljust(self._column)

    def _put(self, text):
        line = self._line()
        self.lines[self._row] = line[:self._column] + text + line[self._column + len(text):]
        self._column += len(text)
        if self._is_cut and self._column >= self.width:  # the cursor stays on the last cell
            self.lines[self._row] = self.lines[self._row][:self.width]
            self._column = self.width - 1

    def _control(self, private, numbers, letter):
        if private and numbers == '1049' and (letter == 'h') != ('1049' in self.modes):  # the alternate screen
            self.lines, self._row, self._column, self._other = *self._other, (self.lines, self._row, self._column)
        if private and numbers == '7':
            self._is_cut = letter == 'l'
        if private and letter in 'hl':
            (self.modes.add if letter == 'h' else self.modes.discard)(numbers)
        elif letter == 'H' and not numbers:
            self._row = self._column = 0
        elif letter == 'K':
            self.lines[self._row] = self._line()[:self._column]
        elif letter == 'J':
            if numbers == '2':
                self.lines = ['']
            else:
                self.lines = [*self.lines[:self._row], self._line()[:self._column]]
        elif letter == 'C':
            self._column += int(numbers or 1)
        else:
            assert letter == 'm', f'unknown escape sequence: {private}{numbers}{letter}'

    def wait_for(self, pattern, seconds=20.0):
        """Waits until the screen matches the pattern."""
        try:
            return astral.wait_until(lambda: re.search(pattern, self.screen, re.M), f'{pattern!r} on the screen', seconds)
        except astral.Failure as failure:
            raise astral.Failure(f'{failure}\n{self.screen}') from None

    def wait(self, seconds=20.0):
        """Reads output until the program ends. Returns its exit status."""
        def ended():
            self.screen  # read, or a program that fills the pty's buffer would block and never end
            return self.popen.poll() is not None
        astral.wait_until(ended, 'the program to end', seconds)
        # Its last words may still be on their way through the pty, which keeps the order: what is written now comes after them.
        os.write(self._slave, _LAST.encode())
        astral.wait_until(lambda: self.screen is not None and _LAST in self.raw, 'the last words of the program', seconds)
        return self.popen.returncode
