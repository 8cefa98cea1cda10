"""The product under test: `breakwater demo` on free ports, with its data in a temporary folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

START_SECONDS = 30
STOP_SECONDS = 10


class Product:
    """One running demo. `links` are the sign-in links of the two admins, in the order they are printed."""

    def __init__(self, binary, incident="none"):
        self.binary = os.path.abspath(binary)
        self.incident = incident
        self.data = tempfile.mkdtemp(prefix="breakwater-browser-")
        self.process = None
        self.listen = free_address()
        self.origin = "http://" + self.listen
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        command = [self.binary, "demo", "--incident", self.incident, "--data", self.data]
        command += ["--listen", self.listen, "--ops", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        printed = []
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            printed.append(line)
            if line.strip().startswith("stop "):
                break
        watchdog.cancel()
        self.links = re.findall(r"http://\S+/\?k=\w+", "".join(printed))
        if len(self.links) < 2:
            raise RuntimeError("breakwater demo did not start:\n" + "".join(printed))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def pause(self):
        """Stops answering without closing a connection, as a machine that hangs does."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self):
        """Ends the process and starts it again on the same address, with new sign-in links."""
        self.stop()
        self.start()

    def token(self, role, subject):
        command = [self.binary, "token", "sign", "--role", role, "--sub", subject, "--data", self.data]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def close(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
