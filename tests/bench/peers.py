# SPDX-License-Identifier: BSD-3-Clause
"""The programs that Astral is compared with: one publisher, two relays of SRT (GStreamer) or RTMP (nginx), and clients that change to
the other relay when theirs is lost."""
import pathlib
import shutil
import signal
import socket
import subprocess

import astral
from player import Player, publish

NGINX = shutil.which('nginx', path='/usr/sbin:/usr/bin')
NGINX_RTMP = pathlib.Path('/usr/lib/nginx/modules/ngx_rtmp_module.so')
HOWS = ('killed', 'stopped', 'terminated')


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Peer:
    """Two relays and their players. A subclass has `_relay(at)`, which starts a relay, and `terminate`, the signal that asks it to end."""
    terminate = signal.SIGTERM

    def __init__(self, network):
        self.network = network
        self.players = {}
        self.relays = []

    def start(self):
        self.relays = [self._relay(0), self._relay(1)]

    def watch(self, client, sources):
        self.players[client] = Player(self.network, sources)
        self.players[f'{client}, live spare'] = Player(self.network, sources, spare=True)

    def ready(self):
        """The number of the relay that feeds all players, as text; None while they do not all play from one relay."""
        at = [player.at for player in self.players.values()]
        if not all(player.settled(3) for player in self.players.values()):
            return None
        for player in self.players.values():
            if player.at != at[0]:
                player.end_client()
                return None
        return str(at[0])

    def lose(self, at, how):
        self.relays[int(at)].send_signal({'killed': signal.SIGKILL, 'stopped': signal.SIGSTOP, 'terminated': self.terminate}[how])

    def restore(self, at):
        self.relays[int(at)].kill()
        self.relays[int(at)].wait()
        self.relays[int(at)] = self._relay(int(at))


class Srt(Peer):
    """Relays connect to the publisher, clients to the relays. `latency=` is the client's setting; all other connections use 20 ms."""
    terminate = signal.SIGINT  # gst-launch closes its connections on SIGINT

    def __init__(self, network):
        super().__init__(network)
        self.source, self.ports = free_port(), (free_port(), free_port())
        publish(network, f'srtsink uri=srt://127.0.0.1:{self.source}?mode=listener latency=20 wait-for-connection=false')
        self.start()
        for latency in (20, 120):  # without auto-reconnect, with which the client would try the dead relay for ever
            self.watch(f'latency={latency}', [f'srtsrc uri=srt://127.0.0.1:{port}?mode=caller latency={latency} '
                                              'auto-reconnect=false' for port in self.ports])

    def _relay(self, at):
        pipeline = (f'srtsrc uri=srt://127.0.0.1:{self.source}?mode=caller latency=20 ! srtsink '
                    f'uri=srt://127.0.0.1:{self.ports[at]}?mode=listener latency=20 wait-for-connection=false')
        return self.network.start_helper(['gst-launch-1.0', '-q', *pipeline.split()], env=self.network.environment(),
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Rtmp(Peer):
    """The publisher's nginx pushes to two relays. A client gives up after a second of silence, the shortest idle-timeout."""

    def __init__(self, network):
        super().__init__(network)
        self.ports = (free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM))
        source = free_port(socket.SOCK_STREAM)
        nginx(network, 'source', source, ''.join(f'push rtmp://127.0.0.1:{port}/live; ' for port in self.ports) +
              'push_reconnect 500ms;')
        self.start()
        publish(network, f'rtmp2sink location=rtmp://127.0.0.1:{source}/live/talk')
        self.watch('rtmp2src', [f'rtmp2src location=rtmp://127.0.0.1:{port}/live/talk idle-timeout=1' for port in self.ports])

    def _relay(self, at):
        return nginx(self.network, f'relay-{at}', self.ports[at], 'wait_key on;')


def nginx(network, name, port, more):
    folder = network.folder / f'nginx-{name}'
    folder.mkdir(exist_ok=True)
    (folder / 'conf').write_text(
        f'load_module {NGINX_RTMP}; daemon off; master_process off; error_log {folder}/log; pid {folder}/pid; events {{}} '
        f'rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; {more} }} }} }}\n')
    server = network.start_helper([NGINX, '-p', folder, '-e', folder / 'log', '-c', folder / 'conf'], env=network.environment(),
                                  stderr=subprocess.DEVNULL)
    astral.wait_until(lambda: listens(port), 'nginx to listen')
    return server


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def missing(who):
    """The reason why a peer cannot be measured here, or None."""
    if who == 'rtmp' and (NGINX is None or not NGINX_RTMP.exists()):
        return 'nginx with RTMP is missing (Debian: libnginx-mod-rtmp)'
    return None
