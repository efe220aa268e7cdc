# SPDX-License-Identifier: BSD-3-Clause
"""coturn on a machine, as organisations run it."""
import shutil
import urllib.parse

import lab

USER, PASSWORD = 'astral', 'se;cr/et'
ENCODED = urllib.parse.quote(PASSWORD, safe='')
_turnserver = shutil.which('turnserver', path='/usr/bin:/usr/sbin:/usr/local/bin')


class Server:
    def __init__(self, network):
        if not _turnserver:
            raise lab.Missing('turnserver is missing (Debian: coturn)')
        self.machine = network.machine()
        # Packets for private addresses get lost, as on the Internet. Without a route coturn drops the client whose candidate it cannot reach.
        nobody = f'{network.net}.250'
        self.machine.namespace.ip('neighbour', 'add', nobody, 'lladdr', '02:00:00:00:00:01', 'dev', lab.PLUG)
        self.machine.namespace.ip('route', 'add', 'default', 'via', nobody)
        folder = self.machine.folder
        process = self.machine.start('turnserver', [
            _turnserver, '-n', '--verbose', '--no-cli', '--no-tls', '--no-dtls', '--lt-cred-mech', '--realm', 'astral',
            '--user', f'{USER}:{PASSWORD}', '--listening-ip', self.machine.address, '--pidfile', str(folder / 'turnserver.pid'),
            '--userdb', str(folder / 'turnserver.db'), '--log-file', 'stdout', '--simple-log'])
        process.wait_for_output('UDP listener opened')

    def option(self, transport='udp'):
        """For a node."""
        return '--turn', f'turn://{USER}:{ENCODED}@{self.machine.address}?transport={transport}'
