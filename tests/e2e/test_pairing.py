# SPDX-License-Identifier: BSD-3-Clause
"""The owner pairs a device, which then controls the node from another machine. See test_who_may.py for who is taken for another machine."""
import os

import pytest

import astral
import openapi
from test_who_may import FromElsewhere

AGENT = {'User-Agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1'}


def test_a_paired_device_controls_the_node_until_it_is_removed(network):
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    node = network.node('n', listen='0.0.0.0')
    phone = FromElsewhere(node, address)
    said = openapi.Description(node.call('GET', '/openapi.json').body)

    def do(caller, status, operation, body=None, headers=None, **params):
        method, path, _ = said.operations[operation]
        answer = caller.call(method, path.format(**params), body, headers)
        assert answer.status == status, (operation, answer.status, answer.body)
        said.check(operation, answer)
        return answer
    do(phone, 403, 'start_pairing')
    assert 'astralctl pair' in do(phone, 403, 'pair_device', {'code': 'ABC-DEF'}).error['message']
    pairing = do(node, 201, 'start_pairing').json['pairing']
    assert pairing['url'] == f'https://{address}:{node.port}/#pair/{pairing["code"]}'
    assert 'is not the code' in do(phone, 403, 'pair_device', {'code': 'AAA-AAA'}).error['message']

    def paired_again():
        answer = phone.call('POST', '/devices', {'code': pairing['code'].lower()}, AGENT)
        said.check('pair_device', answer)
        return answer.status == 201
    astral.wait_until(paired_again, 'the node to look at a code again')
    do(phone, 403, 'pair_device', {'code': pairing['code']})

    # The first answer came to nobody who kept its cookie: the owner removes that device, and pairs another one.
    lost = do(node, 200, 'list_devices').json['devices']
    assert [device['name'] for device in lost] == ['iPhone, Safari'] and not lost[0]['is_caller']
    assert network.ctl(node, 'unpair', lost[0]['id']).stdout == f'{lost[0]["id"]} may only watch\n'
    do(node, 404, 'remove_device', id=lost[0]['id'])
    code = network.ctl(node, 'pair').stdout.split()[1].rstrip(',')
    paired = do(phone, 201, 'pair_device', {'code': code}, {**AGENT, 'Origin': phone.url})
    cookie, *rules = paired.headers['Set-Cookie'].split('; ')
    assert {'HttpOnly', 'SameSite=Strict', 'Path=/'} <= set(rules) and 'Secure' not in rules
    mine = {'Cookie': f'other=1; {cookie}', 'Origin': phone.url}
    device = paired.json['device']['id']

    assert phone.call('GET', '/settings', None, mine).json['owner']
    do(phone, 201, 'create_stream', {'name': 'from the sofa'}, mine)
    do(phone, 200, 'get_log', None, mine)
    do(phone, 403, 'end_stream', None, {**mine, 'Origin': 'http://evil.example'}, slug='from-the-sofa')
    do(phone, 403, 'end_stream', None, {**mine, 'Cookie': cookie[:-1]}, slug='from-the-sofa')

    kept = network.folder / 'state-n' / 'devices.json'
    assert os.stat(kept).st_mode & 0o777 == 0o600 and cookie.split('=')[1] not in kept.read_text()
    node.end()
    again = network.node('n', listen='0.0.0.0')
    phone = FromElsewhere(again, address)
    mine['Origin'] = phone.url
    assert do(phone, 200, 'list_devices', None, mine).json['devices'][0]['is_caller']
    assert device in network.ctl(again, 'listdevices').stdout
    do(phone, 200, 'remove_device', None, mine, id=device)
    do(phone, 403, 'list_devices', None, mine)
    assert not phone.call('GET', '/settings', None, mine).json['owner']
