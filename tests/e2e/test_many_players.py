# SPDX-License-Identifier: BSD-3-Clause
"""A node feeds hundreds of players of its machine. Their number is bounded by a setting, and who is refused hears which."""
import astral
import media

PLAYERS, PROGRAMS = 300, 4  # a program of 1,024 descriptors has enough for a quarter of the players
SMALL = ('videotestsrc is-live=true ! video/x-raw,width=64,height=64,framerate=5/1 ! x264enc tune=zerolatency speed-preset=ultrafast '
         'bitrate=20 key-int-max=5 ! h264parse ! mpegtsmux alignment=7')


def play(network, node, folder, numbers):
    sources = ' '.join(f'astralsrc uri={node.uri("talk")} ! filesink location={folder / str(number)} buffer-mode=unbuffered sync=false'
                       for number in numbers)
    return network.launch('players', sources, quiet=False)


def publish(network, node):
    network.launch('publisher', f'{SMALL} ! astralsink uri={node.uri("talk")}')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live')


def test_three_hundred_play_one_stream(network):
    node = network.node('p')
    publish(network, node)
    files = [network.folder / str(number) for number in range(PLAYERS)]
    for program in range(PROGRAMS):
        play(network, node, network.folder, range(program, PLAYERS, PROGRAMS))
    astral.wait_until(lambda: all(media.size(file) > 0 for file in files), 'all to play', 120)
    before = [media.size(file) for file in files]
    astral.wait_until(lambda: all(media.size(file) > size for file, size in zip(files, before)), 'all to go on', 60)


def test_one_more_than_the_setting_allows_hears_which(network):
    node = network.node('p', None, (), None, '--max-players', 2)
    publish(network, node)
    players = play(network, node, network.folder, range(2))
    astral.wait_until(lambda: all(media.size(network.folder / str(number)) > 0 for number in range(2)), 'two to play')
    refused = play(network, node, network.folder, range(2, 3))
    astral.wait_until(lambda: "the node's setting max-players" in refused.output, 'the third to hear why', 40)
    assert players.running() and media.size(network.folder / '2') == 0
