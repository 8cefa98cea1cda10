"""`breakwater serve` processes as the measurements and the fault histories start them: one alone, or several on one store."""
import itertools
import json
import os
import shutil
import signal
import subprocess
import time

from product import Connection, Demo, launch, wait_until_ready

TENANTS = ["orchid", "heron"]
# Below the range from which the system gives out ports to clients, so that nothing takes one between two runs of a process.
PORTS = itertools.count(20_000 + os.getpid() % 5_000)


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def trade(process, token, until, note, pause=0.0):
    """Orders one after another, each taken back so that there is room for the next; `note` hears every status."""
    turn, run, connection = 0, os.urandom(4).hex(), None
    order = json.dumps({"profile": "scalper-1", "symbol": "IBM", "side": "buy", "type": "limit", "price": "1",
                        "quantity": "1"}).encode()
    bearer = ("Authorization", "Bearer " + token)
    while not until.is_set():
        turn += 1
        try:
            connection = connection or Connection(process.port)
            connection.socket.settimeout(1)
            status, _, body = connection.request("POST", "/api/v1/orders", [
                bearer, ("Content-Type", "application/json"), ("Idempotency-Key", f"{run}-{turn}")], order)
            note(status)
            if status in (201, 202):
                connection.request("DELETE", f"/api/v1/orders/{json.loads(body)['id']}", [bearer])
                time.sleep(pause)
            else:
                time.sleep(0.01)
        except (OSError, ValueError):
            connection = None
            time.sleep(0.05)


class Keys:
    """A demo's key set and tokens, made once. With the faulty machine they are two hours old, so that a clock may go back by one."""

    def __init__(self, binary, folder, shim=None):
        clock = os.path.join(folder, "clock")
        with open(clock, "w") as file:
            file.write("-7200")
        machine = {"LD_PRELOAD": shim, "BREAKWATER_CLOCK": clock} if shim else {}
        demo = Demo(binary, 60).start()
        demo.token("operator", "olive")
        sign = lambda *who: subprocess.check_output(
            [binary, "token", "sign", "--data", demo.folder, "--lifetime", "24h", *who], text=True,
            env=dict(os.environ, **machine)).strip()
        self.operator = sign("--role", "operator", "--sub", "olive")
        self.admins = [sign("--role", "admin", "--sub", name) for name in ("ada", "grace")]
        self.users = {tenant: sign("--role", "user", "--sub", f"trader.{tenant}", "--tenant", tenant) for tenant in TENANTS}
        with open(os.path.join(demo.folder, "breakwater.yaml")) as file:
            lines = file.read().splitlines()
        value = lambda key: next(line for line in lines if line.strip().startswith(key + ":")).split(":", 1)[1].strip().strip('"')
        self.issuer, self.audience, url = value("issuer"), value("audience"), value("jwks")
        host, path = url.split("//")[1].split("/", 1)
        backend = Connection(int(host.split(":")[1]))
        _, _, self.jwks = backend.request("GET", "/" + path, [])
        backend.close()
        demo.stop()
        shutil.rmtree(demo.folder)


class Process:
    """`breakwater serve` on a folder of its own, and the disk and clock it is given. `lease` is in seconds."""

    def __init__(self, binary, folder, keys, name, is_shared, lease):
        self.binary, self.folder, self.name = binary, folder, name
        self.data = os.path.join(folder, name)
        self.config, self.log = os.path.join(folder, name + ".yaml"), os.path.join(folder, name + ".log")
        store = f"store: {{ path: {folder}/store }}" if is_shared else ""
        self.port, self.ops = next(PORTS), next(PORTS)
        self.process = None
        self.clock, self.disk = os.path.join(folder, name + ".clock"), os.path.join(folder, name + ".disk")
        os.makedirs(self.data, exist_ok=True)
        with open(os.path.join(folder, "jwks.json"), "wb") as file:
            file.write(keys.jwks)
        profiles = "\n".join(
            f'    - {{ tenant: {tenant}, profile: scalper-1, user: trader.{tenant}, symbols: [AAPL, GOOG, IBM, MSFT], capital: "1000000", '
            "strategy: { fast: 3, slow: 8, rsiLower: 30, rsiUpper: 95, scoreMin: 0.25, zoneTouches: 1, zoneDistanceATR: 10, zoneRoomStops: 0 } }"
            for tenant in TENANTS)
        with open(self.config, "w") as file:
            file.write(f"""environment: faults
replica: {name}
{store}
server: {{ listen: "127.0.0.1:{self.port}", ops: "127.0.0.1:{self.ops}", loops: 1, drainTimeout: 1s }}
dataDir: {self.data}
audit: {{ witness: {folder}/{name}.witness }}
auth: {{ issuer: "{keys.issuer}", audience: "{keys.audience}", jwks: "{folder}/jwks.json" }}
controls: {{ lease: {int(lease * 1000)}ms }}
logs: {{ stdout: false }}
limits: {{ tenant: {{ rate: 60000/1m, burst: 5000, classes: {{ riskReducing: {{ rate: 60000/1m, burst: 5000 }} }} }}, user: {{ rate: 60000/1m, burst: 5000 }}, ip: {{ rate: 120000/1m, burst: 5000 }} }}
runtime:
  loopInterval: 20ms
  marketData: {{ speed: 6000 }}
  profiles:
{profiles}
""")

    def start(self, failpoint=None, shim=None):
        self.begin(failpoint, shim)
        self.wait()

    def begin(self, failpoint=None, shim=None):
        environment = dict(os.environ, BREAKWATER_DISK=self.disk, BREAKWATER_CLOCK=self.clock)
        if failpoint:
            environment["BREAKWATER_FAILPOINT"] = failpoint
        if shim:
            environment["LD_PRELOAD"] = shim
        with open(self.log, "ab") as log:
            self.process = launch(
                [self.binary, "serve", "--config", self.config], stdout=log, stderr=subprocess.STDOUT, env=environment)

    def wait(self):
        wait_until_ready(self.ops, self.process, self.log, seconds=60)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def end(self, number=signal.SIGKILL):
        self.send(number)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def venue(self):
        """The venue's own record of what this process sent, as a file of history lines. Its times are the wall clock's."""
        path = os.path.join(self.folder, self.name + ".venue.jsonl")
        offset, attached = boot_ns() - time.time_ns(), set()
        with open(os.path.join(self.data, "paper-venue.log"), "rb") as log, open(path, "w") as out:
            for line in log.read().split(b"\n")[:-1]:
                entry = json.loads(line)
                if entry.get("stopID"):
                    attached.add(entry["stopID"])
                # A stop that the venue places by itself with a fill is no order of ours.
                if entry["what"] != "accepted" or entry["id"] in attached or not entry.get("tenant"):
                    continue
                out.write(json.dumps({
                    "event": "venue.took", "at": entry["at"] * 1_000_000 + offset, "replica": self.name, "run": "venue",
                    "order": entry["id"], "tenant": entry["tenant"], "profile": entry["profile"], "venue": "paper",
                    "symbol": entry["symbol"], "reducing": entry.get("kind") == "stop"}) + "\n")
        return path
