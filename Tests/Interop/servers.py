"""Breakwater and Debian's Prometheus as processes on free loopback ports, each with a folder of its own."""

import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import wire

START_SECONDS = 60
# The public key of RFC 8037, appendix A.2: nobody signs in here.
KEYS = '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that speaks the Prometheus API on `port`."""

    process = None
    port = 0

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="breakwater-interop-")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def call(self, method, path, parameters=None, body=None, headers=None):
        """(status, body) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if parameters:
            path += "?" + urllib.parse.urlencode(parameters, doseq=True)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def get(self, path, **parameters):
        status, body = self.call("GET", path, parameters)
        return status, json.loads(body)

    def query(self, text, **parameters):
        """The result of an instant query."""
        status, answer = self.get("/api/v1/query", query=text, **parameters)
        assert status == 200, answer
        return answer["data"]["result"]

    def write(self, message):
        return self.call("POST", "/api/v1/write", body=wire.snappy(message), headers=wire.WRITE_HEADERS)

    def wait(self, is_up):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if is_up():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        log = self.log()
        self.close()
        raise RuntimeError(f"{type(self).__name__} did not start:\n{log}")

    def log(self):
        with open(os.path.join(self.folder, "log")) as log:
            return log.read()[-4000:]

    def launch(self, command, pass_fds=()):
        log = open(os.path.join(self.folder, "log"), "a")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, pass_fds=pass_fds)
        log.close()

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Breakwater(Server):
    """`keeps_sockets`: listening sockets stay open from one process to the next, as a supervisor keeps them."""

    def __init__(self, binary, extra="", flags=(), server="", keeps_sockets=False):
        super().__init__()
        self.flags = flags
        self.sockets = [listening(), listening()] if keeps_sockets else []
        self.binary = os.path.abspath(binary)
        with open(os.path.join(self.folder, "jwks.json"), "w") as keys:
            keys.write(KEYS)
        with open(os.path.join(self.folder, "breakwater.yaml"), "w") as config:
            config.write(
                f'environment: test\nserver: {{ listen: "127.0.0.1:0", ops: "127.0.0.1:0"{server} }}\n'
                f"dataDir: {self.folder}/data\nauth: {{ jwks: {self.folder}/jwks.json }}\n"
                f"logs: {{ stdout: false }}\nruntime: {{ enabled: false }}\n{extra}\n"
            )
        self.start()

    def start(self):
        open(os.path.join(self.folder, "log"), "w").close()
        command = [self.binary, "serve", "--config", "breakwater.yaml", *self.flags]
        if self.sockets:
            # As systemd does it: the sockets are 3 and 4, and LISTEN_PID is the process that may have them.
            given = " ".join(f"{3 + index}<&{made.fileno()}" for index, made in enumerate(self.sockets))
            handed = 'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=public:ops; exec "$0" "$@"'
            command = ["bash", "-c", f"{handed} {given}", *command]
        self.launch(command, pass_fds=[made.fileno() for made in self.sockets])

        def is_up():
            found = re.search(r"127\.0\.0\.1:(\d+) \(public\) and 127\.0\.0\.1:(\d+) \(ops\)", self.log())
            if not found:
                return False
            self.public_port, self.port = int(found.group(1)), int(found.group(2))
            # Taken before it is ready, a write would be answered 503.
            return self.write(b"")[0] == 204

        self.wait(is_up)

    def close(self):
        super().close()
        for made in self.sockets:
            made.close()

    @property
    def data(self):
        return os.path.join(self.folder, "data")


def listening():
    """A listening socket whose number is not one a child wants its own at."""
    made = socket.create_server(("127.0.0.1", 0), backlog=4096)
    number = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, 100)
    made.close()
    return socket.socket(fileno=number)


class Prometheus(Server):
    def __init__(self, config="", *flags):
        super().__init__()
        self.port = free_port()
        with open(os.path.join(self.folder, "prometheus.yml"), "w") as file:
            file.write("global: {scrape_interval: 1s, evaluation_interval: 1h}\n" + config)
        self.launch(
            [
                "prometheus",
                "--config.file=prometheus.yml",
                f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-remote-write-receiver",
                *flags,
            ]
        )
        self.wait(lambda: self.call("GET", "/-/ready")[0] == 200)

    @property
    def data(self):
        return os.path.join(self.folder, "data")


def eventually(what, check, seconds=60):
    """Waits until `check` answers something, which is returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")
