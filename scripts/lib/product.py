"""The product as the measurements see it: a process of the demo, and a plain HTTP/1.1 connection."""
import atexit
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

ADMIN, SECOND_ADMIN = "j.alvarez", "r.chen"
TENANTS = [
    "orchid", "heron", "kestrel", "maple", "willow", "osprey", "lotus", "cedar", "finch", "ember", "juniper", "lark",
    "quartz", "saffron",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(command, **options):
    """A child process that does not outlive this one, however it ends."""
    process = subprocess.Popen(command, **options)

    def end():
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()

    atexit.register(end)
    return process


class Connection:
    """One keep-alive connection. Requests are written whole and answers read by their framing."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def request(self, method, path, headers, body=b""):
        """Sends one request; returns (status, {lower-case name: value}, body)."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"] + [f"{name}: {value}" for name, value in headers]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        if headers.get("transfer-encoding") == "chunked":
            return int(first.split()[1]), headers, self.chunks()
        return int(first.split()[1]), headers, self.take(int(headers.get("content-length", 0)))

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the connection ended before its answer")
        self.buffer += part

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.more()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            body += self.take(size)
            self.take(2)
            if size == 0:
                return body

    def close(self):
        self.socket.close()


class Broken(Exception):
    """What was seen is not what was promised."""


def wait_until_ready(ops, process, log, seconds=30):
    """Until the process takes traffic; raises when it ends or is not ready in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection = Connection(ops)
            status = connection.request("GET", "/health/ready", [])[0]
            connection.close()
            if status == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            raise Broken(f"breakwater ended while it started: see {log}")
        time.sleep(0.01)
    raise Broken(f"breakwater was not ready within {seconds} s: see {log}")


class Demo:
    """`breakwater demo` on free ports and a folder of its own."""

    def __init__(self, binary, speed, folder=None, incident="none"):
        self.binary, self.speed, self.incident = binary, speed, incident
        self.folder = folder or tempfile.mkdtemp(prefix="breakwater-measure-")
        self.process = None
        self.tokens = {}

    def start(self):
        self.port, self.ops = free_port(), free_port()
        self.log = open(os.path.join(self.folder, "demo.log"), "ab")
        self.process = launch(
            [self.binary, "demo", "--incident", self.incident, "--speed", str(self.speed), "--data", self.folder,
             "--listen", f"127.0.0.1:{self.port}", "--ops", f"127.0.0.1:{self.ops}"],
            stdout=self.log, stderr=subprocess.STDOUT)
        wait_until_ready(self.ops, self.process, self.log.name)
        return self

    def token(self, role, subject, tenant=None):
        key = (role, subject, tenant)
        if key not in self.tokens:
            command = [self.binary, "token", "sign", "--role", role, "--sub", subject, "--data", self.folder]
            if tenant:
                command += ["--tenant", tenant]
            self.tokens[key] = subprocess.check_output(command, text=True).strip()
        return self.tokens[key]

    def bearer(self, role, subject, tenant=None):
        return ("Authorization", "Bearer " + self.token(role, subject, tenant))

    @property
    def state(self):
        return os.path.join(self.folder, "state")

    @property
    def venue_log(self):
        return os.path.join(self.state, "paper-venue.log")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def history(self):
        """What `breakwater history check` says of everything this demo did."""
        check = subprocess.run(
            [self.binary, "history", "check", "-o", "json", os.path.join(self.state, "history.jsonl")],
            capture_output=True, text=True)
        if check.returncode == 1:
            raise SystemExit(check.stderr)
        return json.loads(check.stdout)

    def audit_is_valid(self):
        return subprocess.run([self.binary, "audit", "verify", "--data", self.state],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Admin:
    """An admin on the ops listener."""

    def __init__(self, demo, subject):
        self.demo, self.subject = demo, subject
        self.connection = Connection(demo.ops)
        self.count = 0
        self.run = os.urandom(4).hex()

    def call(self, method, path, document=None, headers=()):
        self.count += 1
        all_headers = [self.demo.bearer("admin", self.subject), ("Idempotency-Key", f"{self.run}-{self.count}"),
                       ("Content-Type", "application/json"), *headers]
        body = json.dumps(document).encode() if document is not None else b""
        status, answer_headers, answer = self.connection.request(method, path, all_headers, body)
        return status, answer_headers, json.loads(answer) if answer else None


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
