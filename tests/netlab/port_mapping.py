# SPDX-License-Identifier: BSD-3-Clause
"""miniupnpd on a home's router, as many routers have it: it forwards ports of the outside to hosts inside that ask for it."""
import pathlib
import shutil
import subprocess
import sys

import astral
import homes
import lab

NAT_PMP, UPNP = 'NAT-PMP', 'UPnP'
PROTOCOLS = (NAT_PMP, UPNP)
_miniupnpd = shutil.which('miniupnpd', path='/usr/sbin:/sbin:/usr/local/sbin')

# The router's firewall lets hosts inside ask. miniupnpd adds its rules to the chains of its table; homes.FIREWALL lets in what they forward.
OPEN_INSIDE = f'insert rule ip router input iifname {homes.INSIDE} meta l4proto {{ tcp, udp }} accept'
RULES = f'''
table inet router_upnp {{
  chain forwarded {{ }}
  chain inbound {{ }}
  chain outbound {{ }}
  chain prerouting {{ type nat hook prerouting priority dstnat - 1; jump inbound; }}
  chain postrouting {{ type nat hook postrouting priority srcnat - 1; jump outbound; }}
}}
{OPEN_INSIDE}
'''
CONFIGURATION = f'''
ext_ifname={lab.PLUG}
listening_ip={homes.INSIDE}
http_port=0
enable_natpmp={{nat_pmp}}
enable_upnp={{upnp}}
secure_mode=yes
min_lifetime=120
max_lifetime=86400
uuid=1f6f9f4e-0000-4000-8000-000000000001
upnp_table_name=router_upnp
upnp_nat_table_name=router_upnp
upnp_forward_chain=forwarded
upnp_nat_chain=inbound
upnp_nat_postrouting_chain=outbound
allow 1024-65535 {{inside}}.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
'''


def check():
    if not _miniupnpd:
        raise lab.Missing('miniupnpd is missing (Debian: miniupnpd-nftables)')


class Program:
    """A program on a homes.Router, until the network is closed."""

    def __init__(self, network, router, name, argv):
        self.log = network.folder / f'{name}-{router.address}.log'
        with open(self.log, 'ab') as log:
            self._process = subprocess.Popen([*router.namespace.prefix, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        network.at_end(self.stop)

    def stop(self):
        self._process.kill()
        self._process.wait()


class Service(Program):
    """miniupnpd, which speaks one protocol here."""

    def __init__(self, network, router, protocol):
        check()
        router.load(RULES)
        file = network.folder / f'miniupnpd-{router.address}.conf'
        file.write_text(CONFIGURATION.format(nat_pmp='yes' if protocol == NAT_PMP else 'no', upnp='yes' if protocol == UPNP else 'no',
                                             inside=router.inside))
        super().__init__(network, router, 'miniupnpd', [_miniupnpd, '-d', '-f', str(file), '-P', str(file.with_suffix('.pid'))])


class RudeService(Program):
    """Says that it knows UPnP, and sends its description without end: `fast`, or `slow`."""

    def __init__(self, network, router, speed):
        router.load(OPEN_INSIDE)
        super().__init__(network, router, 'rude', [sys.executable, str(pathlib.Path(__file__).with_name('rude_router.py')),
                                                   f'{router.inside}.1', speed])
        astral.wait_until(lambda: 'ready' in self.log.read_text(), 'the rude router to listen')
