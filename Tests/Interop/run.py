"""Breakwater beside the programs it works with: run.py PATH_TO_BREAKWATER_BINARY

Debian's Prometheus and promtool, and the OpenTelemetry SDK. The last line is `N passed, N failed`."""

import signal
import subprocess
import sys
import time
import traceback

import differential
import wire
from servers import Breakwater, Prometheus, eventually

checks = []


def check(function):
    checks.append(function)
    return function


def promtool(*arguments, input=None):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, input=input, timeout=120)
    return done.returncode, done.stdout + done.stderr


@check
def compliance_queries_have_the_same_answers_here_and_in_prometheus_2_42(world):
    with Breakwater(world, flags=["--promql-compat=2.42"]) as ours, Prometheus() as theirs:
        scores, differences = differential.compare(ours, theirs)
        for kind, (identical, count) in scores.items():
            print(f"  {kind}: {identical}/{count} identical")
        assert not differences, "\n".join(differences[:20])
        assert all(count == 539 for _, count in scores.values()), scores
        # The printer, too; Prometheus breaks long queries over several lines.
        for text in [text for text, must_fail in differential.queries() if not must_fail]:
            mine = ours.get("/api/v1/format_query", query=text)[1]["data"]
            other = theirs.get("/api/v1/format_query", query=text)[1]["data"]
            assert "".join(mine.split()) == "".join(other.split()), (text, mine, other)
        promtool_reads(ours)


def promtool_reads(ours):
    now = str(int(time.time()))
    series = "demo_num_cpus{instance='demo.promlabs.com:10000'}"
    code, text = promtool("query", "instant", ours.url, "sum(demo_num_cpus)")
    assert code == 0, text
    code, text = promtool("query", "range", ours.url, series, "--start", str(int(now) - 600), "--end", now, "--step=60s")
    assert code == 0 and "@[" in text, text
    code, text = promtool("query", "series", ours.url, "--match=" + series, "--start", str(int(now) - 3600), "--end", now)
    assert code == 0 and 'job="demo"' in text, text
    code, text = promtool("query", "labels", ours.url, "instance")
    assert code == 0 and "demo.promlabs.com:10002" in text, text


@check
def prometheus_sends_by_remote_write_and_scrapes_federate(world):
    with Breakwater(world) as ours:
        config = f"""
remote_write: [{{url: "{ours.url}/api/v1/write"}}]
scrape_configs:
  - {{job_name: breakwater, static_configs: [{{targets: ["127.0.0.1:{ours.port}"]}}]}}
  - {{job_name: federated, metrics_path: /federate, params: {{"match[]": ["breakwater_build_info"]}},
      static_configs: [{{targets: ["127.0.0.1:{ours.port}"]}}]}}
"""
        with Prometheus(config) as theirs:
            eventually("Prometheus scrapes us", lambda: theirs.query('up{job="breakwater"} == 1'))
            eventually("Prometheus reads /federate", lambda: theirs.query('breakwater_build_info{job="federated"}'))
            eventually("its samples arrive", lambda: ours.query('up{job="breakwater"} == 1'))
            eventually("with metadata", lambda: ours.get("/api/v1/metadata", metric="up")[1]["data"] is not None)


@check
def prometheus_receives_by_remote_write(world):
    with Prometheus() as theirs:
        with Breakwater(world, f"metrics: {{ remoteWrite: [ {{ name: debian, url: {theirs.url}/api/v1/write }} ] }}") as ours:
            eventually("our samples arrive", lambda: theirs.query("breakwater_build_info"))
            eventually("and more of them", lambda: theirs.query("count_over_time(breakwater_build_info[1m]) > 2"))
            sent = eventually(
                "they are counted", lambda: ours.query('breakwater_remote_write_samples_total{result="sent"} > 0')
            )
            assert float(sent[0]["value"][1]) > 100
            assert not ours.query('breakwater_remote_write_samples_total{result=~"failed|dropped"} > 0')


@check
def the_opentelemetry_sdk_sends_metrics(world):
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    with Breakwater(world) as ours:
        exporter = OTLPMetricExporter(endpoint=f"{ours.url}/api/v1/otlp/v1/metrics")
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        resource = Resource({"service.name": "sdk", "service.namespace": "shop", "service.instance.id": "i-1"})
        provider = MeterProvider(metric_readers=[reader], resource=resource)
        meter = provider.get_meter("interop")
        meter.create_counter("orders.placed", unit="1").add(7, {"venue": "paper"})
        meter.create_histogram("order.duration", unit="s").record(0.3, {"venue": "paper"})
        meter.create_up_down_counter("positions").add(-2)
        assert provider.force_flush()
        name = 'orders_placed_total{job="shop/sdk",instance="i-1",venue="paper"}'
        assert ours.query(name)[0]["value"][1] == "7", ours.query('{job="shop/sdk"}')
        # The first report counts in full: the SDK says when counting began.
        assert float(ours.query(f"increase({name}[1h])")[0]["value"][1]) > 6
        assert ours.query('order_duration_seconds_bucket{le="5"}')[0]["value"][1] == "1"
        assert ours.query("positions")[0]["value"][1] == "-2"
        provider.shutdown()


@check
def promtool_finds_nothing_to_say_about_our_exposition(world):
    with Breakwater(world) as ours:
        ours.query("up")
        code, text = promtool("check", "metrics", input=ours.call("GET", "/metrics")[1].decode())
        assert code == 0 and not text.strip(), text


@check
def what_was_acknowledged_survives_a_kill(world):
    with Breakwater(world) as ours:
        now = int(time.time() * 1000)
        for batch in range(50):
            message = b"".join(
                wire.series({"__name__": "kept", "n": str(n)}, [(now - 60_000 + batch * 1000, float(batch))])
                for n in range(20)
            )
            assert ours.write(message)[0] == 204
        ours.stop(signal.SIGKILL)
        ours.start()
        counted = ours.query("sum(count_over_time(kept[10m]))")
        assert counted and counted[0]["value"][1] == "1000", counted
        assert ours.query("sum(last_over_time(kept[10m]))")[0]["value"][1] == str(49 * 20)
        # A second delivery of the same samples changes nothing.
        assert ours.write(message)[0] == 204


@check
def samples_that_cannot_be_stored_are_refused_by_reason(world):
    with Breakwater(world) as ours:
        now = int(time.time() * 1000)
        assert ours.write(wire.series({"__name__": "m"}, [(now, 1.0)]))[0] == 204
        status, text = ours.write(wire.series({"__name__": "m"}, [(now - 5000, 1.0), (now, 2.0), (now + 7_200_000, 3.0)]))
        assert status == 400 and b"out_of_order" in text and b"conflict" in text and b"too_far_ahead" in text, text
        assert ours.call("POST", "/api/v1/write", body=b"garbage", headers=wire.WRITE_HEADERS)[0] == 400
        rejected = eventually(
            "refusals are counted", lambda: ours.query("sum by (reason) (breakwater_tsdb_samples_rejected_total) > 0")
        )
        assert {"out_of_order", "conflict", "too_far_ahead"} <= {one["metric"]["reason"] for one in rejected}


def main():
    binary, passed, failed = sys.argv[1], 0, 0
    wanted = sys.argv[2:]
    for function in checks:
        name = function.__name__.replace("_", " ")
        if wanted and not any(word in name for word in wanted):
            continue
        start = time.monotonic()
        try:
            function(binary)
        except Exception:
            failed += 1
            print(f"✘ {name}\n{traceback.format_exc()}", flush=True)
        else:
            passed += 1
            print(f"✔ {name} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed == 0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
