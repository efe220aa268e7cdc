#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Publishes a test picture with a clock that a program can read. 32 blocks in the first 20 lines show the milliseconds since 1970,
modulo 2^32, as bits, white for 1. The next 20 lines show the inverted bits.
Usage: clock.py SINK…   a sink for MPEG-TS with its properties, as in gst-launch"""
import sys
import time

import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstApp', '1.0')
from gi.repository import GLib, Gst, GstApp  # noqa: E402,F401

WIDTH, HEIGHT, FPS, BLOCK = 640, 360, 30, 20


def frame(number):
    bits = f'{int(time.time() * 1000) % 2**32:032b}'
    line = b''.join((b'\xeb' if bit == '1' else b'\x10') * BLOCK for bit in bits)
    opposite = line.translate(bytes.maketrans(b'\xeb\x10', b'\x10\xeb'))
    moving = bytes((number * 4 + x) % 220 + 16 for x in range(WIDTH))
    return line * BLOCK + opposite * BLOCK + moving * (HEIGHT - 2 * BLOCK) + b'\x80' * (WIDTH * HEIGHT // 2)


def main():
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f'appsrc name=clock is-live=true format=time do-timestamp=true caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},'
        f'framerate={FPS}/1 ! queue leaky=downstream ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 '
        f'key-int-max={FPS} ! video/x-h264,profile=constrained-baseline ! h264parse ! queue ! mux. audiotestsrc is-live=true '
        f'volume=0.1 samplesperbuffer=480 ! audioconvert ! avenc_aac ! aacparse ! queue ! mux. mpegtsmux name=mux ! ' + ' '.join(sys.argv[1:]))
    source, count = pipeline.get_by_name('clock'), 0

    def push():
        nonlocal count
        source.emit('push-buffer', Gst.Buffer.new_wrapped(frame(count)))
        count += 1
        return True
    GLib.timeout_add(1000 // FPS, push)
    pipeline.set_state(Gst.State.PLAYING)
    GLib.MainLoop().run()


main()
