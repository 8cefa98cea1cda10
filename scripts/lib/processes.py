"""Programs under measurement: started alone on one core, their processor time and memory read from /proc."""
import json
import os
import re
import socket
import subprocess
import time

from product import launch

PROGRAM_CORE, LOAD_CORE = 0, 1


def family(pid):
    """A process and its children."""
    found = [pid]
    for line in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split():
        found += family(int(line))
    return found


def cpu_nanoseconds(pid):
    """Of all threads; schedstat is exact where utime and stime are sampled."""
    total = 0
    for process in family(pid):
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
    return total


def resident_mebibytes(pid):
    total = 0
    for process in family(pid):
        with open(f"/proc/{process}/status") as file:
            total += int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
    return total / 1024


def wait_for(port, process, seconds=60):
    """Until it listens, or this ends with what was wrong."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"{process.args} ended at once")
            time.sleep(0.02)
    raise SystemExit(f"{process.args} does not listen on {port}")


def start(command, port, core=PROGRAM_CORE):
    process = launch(["taskset", "-c", str(core)] + command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port, process)
    return process


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def load(material, port, upstream, tokens="tokens", connections=32, seconds=4, rate=0, path="/api/v1/orders?limit=50",
         slow=None):
    """Requests from the other core, which serves the upstream as well. `rate` 0 is a closed loop. `slow`: how many slow
    heads and bodies beside them, the token of the latter, how many seconds to wait for the last one's end, and the port they
    go to."""
    output = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), material.path("load"), "run", str(port), material.path(tokens), str(upstream),
         str(connections), str(seconds), str(rate), path, *map(str, slow or ())], capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(f"the load generator failed: {output.stderr}")
    return json.loads(output.stdout)


def measured_load(process, *arguments, **options):
    """As `load`, with the program's processor time per request."""
    before = cpu_nanoseconds(process.pid)
    result = load(*arguments, **options)
    result["cpuUsPerRequest"] = (cpu_nanoseconds(process.pid) - before) / 1000 / max(1, result["requests"])
    return result
