# SPDX-License-Identifier: BSD-3-Clause
"""Starts real Astral processes on this machine for tests, on ports that the kernel chooses, each with its own state
directory. Tests wait by polling with a deadline. Network.close() ends all processes. Standard library only."""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('ASTRAL_BUILD', TOP / 'build')).resolve()
# How long the long scenarios stream.
SECONDS = float(os.environ.get('ASTRAL_E2E_SECONDS', '12'))
# Multiplies every deadline, for loaded machines and sanitizer builds.
PATIENCE = float(os.environ.get('ASTRAL_E2E_PATIENCE', '1'))
# An optional film to publish: without it some tests publish a made picture, and one is skipped.
FILM = pathlib.Path(os.environ.get('ASTRAL_E2E_FILM', TOP.parent / 'shared' / 'media' / 'vtest.avi'))

# A shell that starts the tests in the background leaves SIGINT ignored, and their processes would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Failure(AssertionError):
    """A condition did not hold before its deadline, or a process ended with an error."""


def wait_until(condition, what, seconds=20.0, every=0.05):
    """Polls until `condition()` is truthy and returns its value. `what` completes "waited N s for …" in the failure."""
    deadline = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > deadline:
            raise Failure(f'waited {seconds * PATIENCE:g} s for {what}; last seen: {last!r}')
        time.sleep(every)


ORIGIN = 'origin'  # the label of every origin
LABELS = {}  # uuid → label, of each node that the tests have started


def labelled(value):
    """Parsed JSON with a label in place of each text that is a uuid of LABELS."""
    if isinstance(value, dict):
        return {key: labelled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [labelled(one) for one in value]
    return LABELS.get(value, value) if isinstance(value, str) else value


def read_json(text):
    return labelled(json.loads(text))


class Answer:
    """`json` has the labels of the tests' own nodes in place of their uuids, which come from their keys; `raw_json` has the uuids."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return read_json(self.body)

    @property
    def raw_json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json['error']


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def http(method, url, body=None, headers=None, timeout=20):
    """One HTTP call. A dict or list is sent as JSON. Every status gives an Answer; without any response it raises OSError."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault('Content-Type', 'application/json')
    elif isinstance(body, str):
        body = body.encode()
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with _opener.open(request, timeout=timeout * PATIENCE) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def free_port(kind=socket.SOCK_STREAM):
    """A free TCP port, or one of another kind of socket, for a program that needs a fixed one. It is outside the kernel's ephemeral
    range, so the kernel does not give it to another process in the meantime."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket(type=kind) as probe, contextlib.suppress(OSError):
            probe.bind(('', port))
            return port


FOLDERS = {'astralnode': 'daemon/node', 'astralorigin': 'daemon/origin', 'astralctl': 'daemon/ctl'}


def program(name, build=BUILD):
    """The path of one of our programs in a build folder."""
    return str(build / FOLDERS[name] / name)


class Process:
    """One process in its own process group, with its output in a file."""

    def __init__(self, name, argv, log, env=None, stdin=None):
        self.name, self.argv, self.log = name, [str(a) for a in argv], pathlib.Path(log)
        with open(self.log, 'ab') as out:
            self.popen = subprocess.Popen(self.argv, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=env, start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    @property
    def output(self):
        return self.log.read_text(errors='replace')

    def running(self):
        return self.popen.poll() is None

    def wait_for_output(self, pattern, seconds=20.0):
        def look():
            found = re.search(pattern, self.output, re.M)
            if not found and not self.running():
                raise Failure(f'{self.name} ended with {self.popen.returncode} before it printed {pattern!r}:\n{self.output}')
            return found
        return wait_until(look, f'{self.name} to print {pattern!r}', seconds)

    def wait(self, seconds=20.0):
        """Waits until the process ends by itself. Returns its exit status, or minus the signal's number."""
        wait_until(lambda: not self.running(), f'{self.name} to end', seconds)
        return self.popen.returncode

    def end(self, number=signal.SIGTERM, seconds=15.0):
        """Sends the signal and waits. A process that does not end in time is killed, and that is a Failure."""
        if self.running():
            self.popen.send_signal(number)
            try:
                self.popen.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure(f'{self.name} did not end within {seconds * PATIENCE:g} s of signal {number}')
        return self.popen.returncode

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()

    # Read from /proc.
    def memory_kb(self):
        rollup = pathlib.Path(f'/proc/{self.pid}/smaps_rollup').read_text()
        return int(re.search(r'^Pss_Anon:\s+(\d+)', rollup, re.M)[1])

    def files(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def threads(self):
        return len(os.listdir(f'/proc/{self.pid}/task'))


class Server(Process):
    """One of our programs that listens. Its own machine calls it at `url`, other machines at `public_url`."""

    def __init__(self, network, name, argv, log, env):
        super().__init__(name, argv, log, env)
        self.url = self.wait_for_output(r'listening on (http://\S+)$')[1].rstrip('/')
        self.port = int(self.url.rsplit(':', 1)[1])
        self.public_url = f'http://{network.address}:{self.port}'
        self._http = network.http

    def call(self, method, path, body=None, headers=None, timeout=20):
        return self._http(method, self.url + path, body, headers, timeout)

    def get(self, path):
        answer = self.call('GET', path)
        if answer.status != 200:
            raise Failure(f'{self.name}: GET {path}: {answer.status} {answer.body[:300]!r}')
        return answer.json


class Origin(Server):
    pass


class Node(Server):
    """A test calls it by `label`, which is its uuid if it was started without one. `uuid` is that of its key."""

    def __init__(self, network, name, argv, log, env):
        super().__init__(network, name, argv, log, env)
        self.label = re.search(r'^astralnode (\S+) listening', self.output, re.M)[1]
        self.uuid = self.call('GET', '/node').raw_json['node']['uuid']
        LABELS[self.uuid] = self.label

    def uri(self, slug):
        return f'astral://127.0.0.1:{self.port}/{slug}'

    def stream(self, slug):
        answer = self.call('GET', f'/stream/{slug}')
        return answer.json['stream'] if answer.status == 200 else None

    def ticket(self, slug):
        answer = self.call('GET', f'/stream/{slug}/ticket')
        return answer.json['ticket'] if answer.status == 200 else None

    def tickets(self):
        return self.get('/tickets')['tickets']

    def supernode(self):
        """The label of its supernode, ORIGIN if that is an origin; None if it has none."""
        node = self.get('/node')['node']
        return node.get('primary_supernode_label', node.get('primary_supernode_uuid'))


def own_address():
    """This machine's network address, for which a node takes a caller as another machine; None if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('198.51.100.1', 9))  # only chooses a route; UDP's connect sends nothing
        except OSError:
            return None
        address = probe.getsockname()[0]
        return None if address.startswith('127.') else address


FAULTS = r'CRITICAL \*\*|ERROR: (Address|Thread|Leak)Sanitizer|runtime error:|Assertion .* failed'
WARNINGS = r'\b(libsoup|GLib|GStreamer)[-\w]*-WARNING \*\*'  # of the libraries; our programs cause them by wrong calls


class Network:
    """All processes that one test started. close() ends them and fails if one did not end well."""
    # netlab/lab.py and debian/ override these for another machine. `prefix` is a command that runs the rest in that machine.
    build = BUILD
    prefix = ()
    address = '127.0.0.1'
    http = staticmethod(http)

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.processes = []
        self.helpers = []
        self._names = {}

    def _name(self, kind):
        self._names[kind] = self._names.get(kind, 0) + 1
        return f'{kind}-{self._names[kind]}'

    def _keep(self, process):
        self.processes.append(process)
        return process

    def environment(self, **more):
        """The environment in which GStreamer finds this build's plugin, without the user's settings."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(('GST_', 'ASTRAL_'))}
        env.update(
            GST_PLUGIN_PATH=str(self.build / 'plugins' / 'elements'),
            GST_REGISTRY=str(self.build / 'e2e-registry.bin'),
            XDG_DATA_HOME=str(self.folder / 'data'),
            XDG_CONFIG_HOME=str(self.folder / 'config'),
            XDG_STATE_HOME=str(self.folder / 'state'),
            NO_COLOR='1', GST_DEBUG_NO_COLOR='1', G_DEBUG='gc-friendly')
        env.update({k: str(v) for k, v in more.items()})
        return env

    def start(self, name, argv, stdin=None, **env):
        """Starts another program in the same environment."""
        log = self.folder / f'{name}.log'
        return self._keep(Process(name, [*self.prefix, *argv], log, self.environment(**env), stdin))

    def origin(self, *options, store='sqlite://:memory:'):
        name = self._name('origin')
        argv = [*self.prefix, program('astralorigin', self.build), '--port', 0, '--store', store, *options]
        return self._keep(Origin(self, name, argv, self.folder / f'{name}.log', self.environment()))

    def node(self, label, origin=None, bootstrap=(), upstream_limit=None, *options, listen='127.0.0.1', port=0, rtmp_port=0, state=None,
             **env):
        """upstream_limit is in KB/s, like the option. A node with a label that was used before, or with that `state`, finds its old state
        directory, and its key there. With an empty label it is started without one."""
        argv = [*self.prefix, program('astralnode', self.build), '--port', port, '--rtmp-port', rtmp_port, '--listen', listen,
                '--state-dir', self.folder / f'state-{state or label}']
        argv += ['--uuid', label] if label else []
        argv += ['--origin', origin.public_url] if origin else []
        for peer in bootstrap:
            argv += ['--bootstrap', peer.public_url]
        argv += ['--upstream-limit', upstream_limit] if upstream_limit is not None else []
        log = self.folder / f'{self._name(f"node-{label}")}.log'
        return self._keep(Node(self, f'node {label}', [*argv, *options], log, self.environment(**env)))

    def launch(self, kind, pipeline, quiet=True, stdin=None, **env):
        """Starts gst-launch-1.0 with a pipeline description."""
        argv = ['gst-launch-1.0', '-e', *(['-q'] if quiet else []), *pipeline.split()]
        return self.start(self._name(kind), argv, stdin, **env)

    def start_helper(self, argv, **how):
        """Starts a helper process. close() kills it and does not look at its exit status."""
        helper = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, start_new_session=True, **how)
        self.helpers.append(helper)
        return helper

    def ctl(self, node, *words, text=None):
        return subprocess.run([program('astralctl'), '--node', node.url, *words], capture_output=True, text=True,
                              env=self.environment(), timeout=60 * PATIENCE, input=text)

    def run(self, *argv):
        """Runs another program to its end and returns its output."""
        done = subprocess.run([*self.prefix, *map(str, argv)], capture_output=True, text=True, env=self.environment(),
                              stdin=subprocess.DEVNULL, timeout=60 * PATIENCE)
        if done.returncode:
            raise Failure(f'{argv}: {done.stderr}')
        return done.stdout

    def close(self):
        bad = []
        for process in reversed(self.processes):
            if process.running():
                try:
                    # gst-launch -e turns SIGINT into EOS and ends.
                    status = process.end(signal.SIGTERM if isinstance(process, Server) else signal.SIGINT)
                except Failure as failure:
                    bad.append(str(failure))
                    continue
                if isinstance(process, Server) and status != 0:
                    bad.append(f'{process.name} ended with {status}')
            elif isinstance(process, Server) and process.popen.returncode not in (0, -signal.SIGKILL):
                bad.append(f'{process.name} ended with {process.popen.returncode}')
            for line in process.output.splitlines():
                if re.search(FAULTS, line) or (isinstance(process, Server) and re.search(WARNINGS, line)):
                    bad.append(f'{process.name}: {line}')
                    break
        for process in self.processes:
            process.kill()
        for helper in self.helpers:
            helper.kill()
            helper.wait()
        if bad:
            raise Failure('; '.join(bad))

    def logs(self, lines=40):
        """The last lines of every log, for the report of a failed test."""
        text = ''
        for process in self.processes:
            tail = process.output.splitlines()[-lines:]
            text += f'---- {process.name} (status {process.popen.poll()}): {" ".join(process.argv)[:300]}\n'
            text += '\n'.join(tail) + '\n'
        return text
