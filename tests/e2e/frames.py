# SPDX-License-Identifier: BSD-3-Clause
"""Pictures and audio frames of FLV and MPEG-TS with their times, read here and not by ffmpeg, which repairs and drops. An RTMP
publisher that sends a film with the times and pauses that a test wants."""
import collections
import time

# `time`: of decoding, in milliseconds. `data`: the slices of a picture, or AAC without ADTS.
Frame = collections.namedtuple('Frame', 'time data is_key')
Tag = collections.namedtuple('Tag', 'kind time body')
VIDEO, AUDIO = 9, 8


def tags(data):
    """The tags of an FLV file; an unfinished last one is left out."""
    assert data[:3] == b'FLV'
    at, found = 13, []
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1:at + 4], 'big')
        if at + 11 + size + 4 > len(data):
            break
        stamp = int.from_bytes(data[at + 4:at + 7], 'big') | data[at + 7] << 24
        found.append(Tag(data[at], stamp, data[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return found


def is_config(tag):
    return tag.kind in (VIDEO, AUDIO) and tag.body[1] == 0


def is_key(tag):
    return tag.kind == VIDEO and tag.body[0] >> 4 == 1


def slices(units):
    return b'\0'.join(unit for unit in units if unit and unit[0] & 0x1f in (1, 5))


def units_of(body):
    while len(body) > 4:
        size = int.from_bytes(body[:4], 'big')
        yield body[4:4 + size]
        body = body[4 + size:]


def flv_frames(found):
    """The pictures and the audio frames of tags."""
    video = [Frame(t.time, slices(units_of(t.body[5:])), is_key(t)) for t in found if t.kind == VIDEO and t.body[1] == 1]
    audio = [Frame(t.time, t.body[2:], True) for t in found if t.kind == AUDIO and t.body[1] == 1]
    return video, audio


def _stamp(at):
    return ((at[0] >> 1 & 7) << 30 | at[1] << 22 | (at[2] >> 1) << 15 | at[3] << 7 | at[4] >> 1) / 90


def _packets(data):
    for at in range(0, len(data) - 187, 188):
        packet = data[at:at + 188]
        assert packet[0] == 0x47
        payload = packet[5 + packet[4]:] if packet[3] & 0x20 else packet[4:]
        yield (packet[1] & 0x1f) << 8 | packet[2], bool(packet[1] & 0x40), payload if packet[3] & 0x10 else b'', packet


def clocks(data):
    """The PCRs, in milliseconds."""
    return [(p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7) / 90
            for _, _, _, p in _packets(data) if p[3] & 0x20 and p[4] and p[5] & 0x10]


def ts_frames(data):
    """The same of MPEG-TS. The last picture counts too."""
    tracks, parts, done = {}, {}, {VIDEO: [], AUDIO: []}

    def finish(pid):
        pes = parts.pop(pid, b'')
        if len(pes) < 14:
            return
        shown = _stamp(pes[9:14])
        when = _stamp(pes[14:19]) if pes[7] & 0x40 else shown
        body = pes[9 + pes[8]:]
        if tracks[pid] == VIDEO:
            units = [unit.rstrip(b'\0') for unit in body.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')]
            done[VIDEO].append(Frame(when, slices(units), any(u and u[0] & 0x1f == 5 for u in units)))
            return
        while len(body) > 7:
            size = (body[3] & 3) << 11 | body[4] << 3 | body[5] >> 5
            done[AUDIO].append(Frame(when, body[7 if body[1] & 1 else 9:size], True))
            body = body[size:]

    table = None
    for pid, begins, payload, _ in _packets(data):
        if pid == 0 and begins:
            table = (payload[11] & 0x1f) << 8 | payload[12]
        elif pid == table and begins:
            section = payload[1:4 + ((payload[2] & 0xf) << 8 | payload[3])][:-4]
            at = 12 + ((section[10] & 0xf) << 8 | section[11])
            while at + 5 <= len(section):
                kind = {0x1b: VIDEO, 0x0f: AUDIO}.get(section[at])
                if kind:
                    tracks[(section[at + 1] & 0x1f) << 8 | section[at + 2]] = kind
                at += 5 + ((section[at + 3] & 0xf) << 8 | section[at + 4])
        elif pid in tracks:
            if begins:
                finish(pid)
                parts[pid] = payload
            elif pid in parts:
                parts[pid] += payload
    for pid in list(parts):
        finish(pid)
    return done[VIDEO], done[AUDIO]


def shifted(packet, ticks):
    """A TS packet whose PCR, PTS and DTS are later by `ticks` of 90 kHz."""
    data = bytearray(packet)
    if data[3] & 0x20 and data[4] and data[5] & 0x10:
        clock = (data[6] << 25 | data[7] << 17 | data[8] << 9 | data[9] << 1 | data[10] >> 7) + ticks & (1 << 33) - 1
        data[6:11] = bytes([clock >> 25, clock >> 17 & 255, clock >> 9 & 255, clock >> 1 & 255, (clock & 1) << 7 | data[10] & 0x7f])
    at = 5 + data[4] if data[3] & 0x20 else 4
    if data[1] & 0x40 and data[at:at + 3] == b'\0\0\1':
        for offset in [9] * bool(data[at + 7] & 0x80) + [14] * bool(data[at + 7] & 0x40):
            here = at + offset
            stamp = round(_stamp(data[here:here + 5]) * 90) + ticks & (1 << 33) - 1
            data[here:here + 5] = bytes([data[here] & 0xf0 | stamp >> 29 & 14 | 1, stamp >> 22 & 255, stamp >> 14 & 254 | 1, stamp >> 7 & 255,
                                         stamp << 1 & 254 | 1])
    return bytes(data)


def ts_pieces(data):
    """The packets of MPEG-TS, each with the time of its PES packet, in seconds from the first one."""
    pieces, now = [], 0
    for pid, begins, payload, packet in _packets(data):
        if begins and payload[:3] == b'\0\0\1':
            now = _stamp(payload[14:19] if payload[7] & 0x40 else payload[9:14]) / 1000
        pieces.append((now, packet))
    first = min(at for at, _ in pieces if at)
    return [(max(0, at - first), packet) for at, packet in pieces]


# When a tag is sent, in seconds after the first one, and what.
Sent = collections.namedtuple('Sent', 'at tag')


def publish(publisher, plan, is_over=lambda: False):
    """Sends tags through a RawPublisher at their moments."""
    publisher.send(1, (1 << 20).to_bytes(4, 'big'), 0)
    publisher.chunk = 1 << 20
    begin = time.monotonic()
    for sent in plan:
        time.sleep(max(0, begin + sent.at - time.monotonic()))
        if is_over():
            return
        publisher.send(sent.tag.kind, sent.tag.body, time=sent.tag.time)
