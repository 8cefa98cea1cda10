"""The same samples in Breakwater and in Debian's Prometheus, the same queries to both: every answer must be the same.

Queries are the 539 that the templates of the PromQL compliance tester expand to (see fixtures/README.md); samples are
synthetic and carry the names those queries ask for."""

import itertools
import json
import math
import os
import random
import time

import wire
import yaml

VARIANTS = {
    "range": ["1s", "15s", "1m", "5m", "15m", "1h"],
    "offset": ["1m", "5m", "10m"],
    "simpleAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar"],
    "simpleTimeAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"],
    "topBottomOp": ["topk", "bottomk"],
    "quantile": ["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"],
    "arithBinOp": ["+", "-", "*", "/", "%", "^"],
    "compBinOp": ["==", "!=", "<", ">", "<=", ">="],
    "binOp": ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="],
    "simpleMathFunc": ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"],
    "extrapolatedRateFunc": ["delta", "rate", "increase"],
    "clampFunc": ["clamp_min", "clamp_max"],
    "instantRateFunc": ["idelta", "irate"],
    "dateFunc": ["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
}
STEP_MS = 5_000
SAMPLES = 720
BATCH = 10


def queries():
    """(query, must it fail) for every expansion."""
    path = os.path.join(os.path.dirname(__file__), "fixtures", "promql-test-queries.yml")
    with open(path) as file:
        templates = yaml.safe_load(file)["test_cases"]
    for template in templates:
        names = template.get("variant_args", [])
        for values in itertools.product(*[VARIANTS[name] for name in names]):
            text = str(template["query"])
            for name, value in zip(names, values):
                text = text.replace("{{." + name + "}}", value)
            yield text, bool(template.get("should_fail"))


def histogram(base, times, chance):
    bounds = [0.0001, 0.00015, 0.0005, 0.001, 0.005, 0.01, 0.1, 1, math.inf]
    counts, total = [0] * len(bounds), 0.0
    rows, sums, number = [[] for _ in bounds], [], []
    for moment in times:
        for _ in range(chance.randrange(4)):
            value = chance.expovariate(200)
            total += value
            for index, bound in enumerate(bounds):
                counts[index] += value <= bound
        for index in range(len(bounds)):
            rows[index].append((moment, float(counts[index])))
        sums.append((moment, total))
        number.append((moment, float(counts[-1])))
    name = "demo_api_request_duration_seconds"
    for index, bound in enumerate(bounds):
        edge = "+Inf" if bound == math.inf else "1" if bound == 1 else repr(bound)
        yield {**base, "__name__": name + "_bucket", "le": edge}, rows[index]
    yield {**base, "__name__": name + "_sum"}, sums
    yield {**base, "__name__": name + "_count"}, number


def data(now):
    """Series of an hour up to `now`, in milliseconds."""
    chance, start = random.Random(3), now - (SAMPLES - 1) * STEP_MS
    for index in range(3):
        base = {"instance": f"demo.promlabs.com:1000{index}", "job": "demo"}
        times = [start + step * STEP_MS + index * 7 for step in range(SAMPLES)]

        def one(name, values, **more):
            return {**base, "__name__": name, **more}, list(zip(times, values))

        for kind in ("used", "free", "cached", "buffers"):
            waves = [float(int(3e9 + 1e9 * math.sin(t / 3e5 + index) + chance.random() * 1e7)) for t in times]
            yield one("demo_memory_usage_bytes", waves, type=kind)
        yield one("demo_num_cpus", [float(4 + index)] * SAMPLES)
        for mode in ("user", "system", "idle"):
            value, values = chance.random() * 100, []
            for step in range(SAMPLES):
                value = 0.0 if mode == "user" and step == 400 + index else value + chance.random() * 5
                values.append(value)
            yield one("demo_cpu_usage_seconds_total", values, mode=mode)
        yield one("demo_disk_usage_bytes", [4e10 + step * 1e6 + chance.random() * 1e6 for step in range(SAMPLES)])
        yield one("demo_batch_last_success_timestamp_seconds", [float(t // 1000 // 40 * 40 - index) for t in times])
        present = [(t, 1.0) for step, t in enumerate(times) if step // 60 % 2 == 0]
        yield {**base, "__name__": "demo_intermittent_metric"}, present
        for path, status in itertools.product(("/api/foo", "/api/bar"), ("200", "500")):
            yield from histogram({**base, "method": "GET", "path": path, "status": status}, times, chance)


def load(servers, now):
    encoded = [wire.series(pairs, samples) for pairs, samples in data(now)]
    for start in range(0, len(encoded), BATCH):
        body = b"".join(encoded[start : start + BATCH])
        for server in servers:
            status, text = server.write(body)
            assert status in (200, 204), (server.url, status, text[:200])


def normal(answer):
    """Series by labels, each with its points; `ERR` for a refusal."""
    if answer.get("status") != "success":
        return "ERR"
    kind, result = answer["data"]["resultType"], answer["data"]["result"] or []
    if kind in ("scalar", "string"):
        return {"": [tuple(result)]}
    return {
        json.dumps(one["metric"], sort_keys=True): [(float(t), v) for t, v in one.get("values") or [one["value"]]]
        for one in result
    }


def equal(a, b):
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or abs(x - y) <= 1e-9 * max(abs(x), abs(y))


def same(a, b):
    if a == "ERR" or b == "ERR":
        return a == b
    return a.keys() == b.keys() and all(
        len(a[key]) == len(b[key]) and all(abs(p[0] - q[0]) < 0.002 and equal(p[1], q[1]) for p, q in zip(a[key], b[key]))
        for key in a
    )


def compare(ours, theirs):
    """({kind: (identical, of)}, differences)."""
    now = int(time.time()) // 60 * 60 * 1000 - 60_000
    load((ours, theirs), now)
    end, scores, differences = now / 1000 - 30, {}, []
    asked = list(queries())
    for kind, path, times in (
        ("instant", "/api/v1/query", {"time": end}),
        ("range", "/api/v1/query_range", {"start": end - 900, "end": end, "step": 10}),
    ):
        identical = 0
        for text, must_fail in asked:
            mine = normal(ours.get(path, query=text, **times)[1])
            other = normal(theirs.get(path, query=text, **times)[1])
            if same(mine, other) and (mine == "ERR") == must_fail:
                identical += 1
            else:
                differences.append(f"{kind}: {text}")
        scores[kind] = (identical, len(asked))
    return scores, differences
