"""Clients that go on asking while the service is restarted."""

import collections
import os
import subprocess
import threading

TLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "DataPlaneTests", "Fixtures", "tls")
# Requests of one run of curl, and how many of them it has under way at a time.
REQUESTS = 400
PARALLEL = 20


def server_settings():
    return f", drainDelay: 0s, tls: {{ certificate: {TLS}/server.pem, key: {TLS}/server.key }}"


class HTTP2Load(threading.Thread):
    """curl after curl, each with many requests at once on one connection."""

    def __init__(self, port, ends):
        super().__init__()
        self.url = f"https://127.0.0.1:{port}/health/live?[1-{REQUESTS}]"
        self.ends = ends
        self.outcomes = collections.Counter()

    def run(self):
        while not self.ends.is_set():
            command = ["curl", "-sk", "--http2", "--parallel", "--parallel-max", str(PARALLEL), "--max-time", "60"]
            wanted = ["-o", "/dev/null", "-w", "%{http_version} %{http_code} %{errormsg}\\n"]
            done = subprocess.run([*command, *wanted, self.url], capture_output=True, text=True)
            self.outcomes.update(line.strip() for line in done.stdout.splitlines())
            self.outcomes[f"curl {done.returncode}"] += 1
