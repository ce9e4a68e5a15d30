"""What the peers on Python share: checks the messages of the task, measures, and answers. See ../src/foreign.rs
for what comes in on standard input and goes out on standard output."""

import json
import platform
import sys
from importlib.metadata import version
from time import perf_counter_ns


def nanoseconds(work, times):
    start = perf_counter_ns()
    for _ in range(times):
        work()
    return perf_counter_ns() - start


def median(work, effort):
    sample = effort["sample_ms"] * 1e6
    times = 1
    while (took := nanoseconds(work, times)) < sample / 4:
        times *= 2
    times = max(1, round(times * sample / took))
    samples = []
    end = perf_counter_ns() + effort["at_most_ms"] * 1e6
    while len(samples) < effort["least_rounds"] or (
        len(samples) < effort["rounds"] and perf_counter_ns() < end
    ):
        samples.append(nanoseconds(work, times) / times)
    return sorted(samples)[len(samples) // 2]


def run(package, peer):
    """`peer` makes of a task the functions that seal (algorithm, bytes) and open (algorithm, text)."""
    task = json.load(sys.stdin)
    seal, open_sealed = peer(task)
    messages = []
    for message in task["messages"]:
        alg = message["alg"]
        if open_sealed(alg, message["sealed"]).decode() != task["plaintext"]:
            sys.exit(f"{alg}: opened something else")
        messages.append({"alg": alg, "sealed": seal(alg, task["plaintext"].encode())})

    medians = []
    for job in task["jobs"] if task["effort"] else []:
        alg, size = job["alg"], job["bytes"]
        text = b"\x5a" * size
        sealed = seal(alg, text)
        if job["op"].startswith("seal"):
            ns = median(lambda: seal(alg, text), task["effort"])
        else:
            ns = median(lambda: open_sealed(alg, sealed), task["effort"])
        medians.append({"op": job["op"], "bytes": size, "ns": ns})

    cpython = f"{platform.python_implementation()} {platform.python_version()}"
    answer = {"version": f"{version(package)} on {cpython}", "messages": messages, "medians": medians}
    json.dump(answer, sys.stdout)
