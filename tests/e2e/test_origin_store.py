# SPDX-License-Identifier: BSD-3-Clause
"""astralorigin still knows what it has confirmed after a kill -9 at any moment."""
import collections
import http.client
import random
import sqlite3
import threading

import pytest

import astral

WRITERS = 8


class Writer(threading.Thread):
    """Registers nodes and streams, changes and ends streams, one after the other, until the origin is killed. Records what the origin
    confirmed. For the one call without an answer, both outcomes are right."""

    def __init__(self, origin, name, counter):
        super().__init__(daemon=True)
        self.origin, self.name_, self.counter = origin, name, counter
        self.nodes = {}
        self.streams = {}  # slug → description, or None if it has ended
        self.unanswered = None
        self.wrong = []

    def run(self):
        number = 0
        try:
            while True:
                self.step(number)
                number += 1
        except (OSError, http.client.HTTPException):
            pass

    def step(self, number):
        uuid, slug = f'{self.name_}-{number}', f'{self.name_}-talk-{number}'
        self.call('POST', '/nodes', {'uuid': uuid, 'port': 1000 + number % 60000}, uuid)
        self.nodes[uuid] = 1000 + number % 60000
        self.call('POST', '/streams', {'name': slug, 'source': uuid, 'description': 'new'}, slug)
        self.streams[slug] = 'new'
        if number % 3 == 1:
            self.call('PUT', f'/stream/{slug}', {'uuid': uuid, 'description': 'changed'}, slug)
            self.streams[slug] = 'changed'
        if number % 3 == 2:
            self.call('DELETE', f'/stream/{slug}?uuid={uuid}', None, slug)
            self.streams[slug] = None

    def call(self, method, path, body, what):
        self.unanswered = what
        answer = self.origin.call(method, path, body)
        if answer.status not in (200, 201):
            self.wrong.append((method, path, answer.status, answer.body))
        self.unanswered = None
        self.counter[method] += 1


@pytest.mark.parametrize('seed', range(3))
def test_confirmed_changes_survive_kill_9_at_any_moment(network, seed):
    kill_after = random.Random(seed).randrange(30, 600)
    store = f'sqlite://{network.folder}/origin.db'
    origin = network.origin(store=store)
    counter = collections.Counter()
    writers = [Writer(origin, f'w{i}', counter) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    astral.wait_until(lambda: sum(counter.values()) >= kill_after, f'{kill_after} confirmed calls', every=0.001)
    origin.kill()
    for writer in writers:
        writer.join(20 * astral.PATIENCE)
        assert not writer.is_alive() and not writer.wrong

    again = network.origin(store=store)
    streams = {s['slug']: s['description'] for s in again.get('/streams?limit=10000')['streams']}
    for writer in writers:
        for uuid, port in writer.nodes.items():
            assert again.get(f'/node/{uuid}')['node']['port'] == port
        for slug, description in writer.streams.items():
            if slug != writer.unanswered:
                assert streams.get(slug) == description, slug
    assert again.end() == 0
    database = sqlite3.connect(f'{network.folder}/origin.db')
    assert database.execute('PRAGMA integrity_check').fetchone() == ('ok',)
    database.close()


def test_a_write_that_fails_is_not_confirmed(network):
    """Another process locks the store's file for longer than the origin waits."""
    path = f'{network.folder}/origin.db'
    origin = network.origin(store=f'sqlite://{path}')
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute('BEGIN IMMEDIATE')
    answer = origin.call('POST', '/nodes', {'uuid': 'n', 'port': 8000})
    assert answer.status == 500 and 'locked' in answer.error['message']
    assert origin.get('/ping')  # reads do not wait for the lock
    lock.execute('ROLLBACK')
    lock.close()
    assert origin.call('POST', '/nodes', {'uuid': 'm', 'port': 8001}).status == 201
    origin.kill()
    again = network.origin(store=f'sqlite://{path}')
    assert again.get('/node/n')['node']['port'] == 8000 and again.get('/node/m')['node']['port'] == 8001
