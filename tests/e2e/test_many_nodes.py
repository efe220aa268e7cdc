# SPDX-License-Identifier: BSD-3-Clause
"""One node feeds hundreds of other nodes. Settings, its upstream and its file descriptors bound their number, and who is refused hears which."""
import concurrent.futures

import astral

NODES = 300
SPARE = 20  # for a node that lost its session and has another one already
FEW = 24  # more than have links when 128 descriptors are allowed
SMALL = ('videotestsrc is-live=true ! video/x-raw,width=64,height=64,framerate=5/1 ! x264enc tune=zerolatency speed-preset=ultrafast '
         'bitrate=20 key-int-max=5 ! h264parse ! mpegtsmux alignment=7')
PLENTY = 1_000_000  # KB/s
NOTHING = 1         # KB/s: it forwards to nobody


def publish(network, *options, prefix=()):
    network.prefix = prefix
    node = network.node('p', None, (), PLENTY, '--supernode', 'yes', *options)
    network.prefix = ()
    network.launch('publisher', f'{SMALL} ! astralsink uri={node.uri("talk")}')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live')
    return node


def viewers(network, node, count):
    """Nodes that forward to nobody, so that the one node feeds all of them or refuses. They start at the same time."""
    with concurrent.futures.ThreadPoolExecutor(8) as starting:
        nodes = list(starting.map(lambda number: network.node(f'v{number}', None, [node], NOTHING, '--supernode', 'no'), range(count)))
    astral.wait_until(lambda: all((one.stream('talk') or {}).get('streaming') for one in nodes), 'all to know that the stream is live', 60)
    return nodes


def watch(nodes):
    """Asks all nodes for the stream at once. Returns the answers, which come when media flows or is refused."""
    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as asking:
        return list(asking.map(lambda node: node.call('POST', '/stream/talk/tickets', {}, timeout=60), nodes))


def test_one_node_feeds_three_hundred(network):
    node = publish(network, '--capacity', NODES + SPARE)
    nodes = viewers(network, node, NODES)
    waiting = list(nodes)

    def all_are_fed():
        answers = watch(waiting)  # on a busy machine a link comes up too late, and the viewer asks again, as a page does
        sources = {answer.json['ticket']['source'] for answer in answers if answer.status == 303}
        assert sources <= {'p'}
        waiting[:] = [one for one, answer in zip(waiting, answers) if answer.status != 303]
        return not waiting
    astral.wait_until(all_are_fed, 'all to get the stream', 120, every=1)
    astral.wait_until(lambda: node.get('/node')['node']['fed_children'] == NODES, 'the node to feed all', 60)
    for one in nodes:  # together: one after the other they would take as long as the test
        one.popen.terminate()
    for one in nodes:
        one.wait(60)


def test_one_more_than_the_setting_allows_hears_which(network):
    nodes = viewers(network, publish(network, '--max-children', 2), 3)
    assert [answer.status for answer in watch(nodes[:2])] == [303, 303]
    refused = watch(nodes[2:])[0]
    assert refused.status == 412 and "p: the node's setting max-children allows no more" in refused.error['message'], refused.body


def test_a_node_whose_descriptors_are_used_up_refuses_and_goes_on(network):
    """Over ICE, each link has a socket for each address of the machine, and more."""
    node = publish(network, '--udp-port', 'no', prefix=('prlimit', '--nofile=128:128'))
    nodes = viewers(network, node, FEW)
    answers = watch(nodes)
    fed = [one for one, answer in zip(nodes, answers) if answer.status == 303]
    refused = [answer for answer in answers if answer.status == 412]
    assert fed and refused and len(fed) + len(refused) == FEW, answers
    assert all('no file descriptor is left for a link there (ulimit -n)' in answer.error['message'] for answer in refused), refused[0].body
    for one in fed:
        one.end()
    again = next(one for one in nodes if one not in fed)
    astral.wait_until(lambda: watch([again])[0].status == 303, 'a place that is free again', 60)
