"""Drives the console in a real browser: run.py PATH_TO_BREAKWATER_BINARY

Every check is one sentence about what a person can rely on. The last line is `N passed, N failed`."""

import signal
import sys
import time
import traceback

import checks_alerts
import checks_control
import checks_looks
import checks_reading
import checks_trouble
from browser import Browser
from product import Product

SUITES = [checks_reading, checks_control, checks_looks, checks_alerts, checks_trouble]
RUN_SECONDS_MAX = 240


class World:
    """What the checks share: a calm product with two admins signed in, and one whose venue starts to reject orders."""

    def __init__(self):
        self.parts = []

    def open(self, binary):
        self.incident = self.keep(Product(binary, incident="reject-storm"))
        self.product = self.keep(Product(binary))
        self.browser = self.keep(Browser())
        self.alvarez = self.browser.person(self.product, self.product.links[0])
        self.chen = self.browser.person(self.product, self.product.links[1], scheme="light")

    def keep(self, part):
        self.parts.append(part)
        return part

    def close(self):
        for part in reversed(self.parts):
            part.close()


def run(world):
    passed = failed = 0
    for suite in SUITES:
        for name, check in suite.check.items():
            start = time.monotonic()
            try:
                check(world)
            except Exception as problem:
                failed += 1
                print(f"✘ {name}\n{indented(problem)}", flush=True)
            else:
                passed += 1
                print(f"✔ {name} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed == 0


def opened(world, binary):
    try:
        world.open(binary)
    except Exception as problem:
        print(f"✘ the product starts and lets two admins in\n{indented(problem)}\n0 passed, 1 failed", flush=True)
        return False
    return True


def indented(problem):
    lines = traceback.format_exception(problem)[-3:]
    return "\n".join(f"    {line}" for line in "".join(lines).splitlines()[:24])


def give_up(number, _frame):
    raise SystemExit(f"browser checks: ended by signal {number}")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, give_up)
    signal.alarm(RUN_SECONDS_MAX)
    world = World()
    try:
        is_fine = opened(world, sys.argv[1]) and run(world)
    finally:
        signal.alarm(0)
        world.close()
    sys.exit(0 if is_fine else 1)


if __name__ == "__main__":
    main()
