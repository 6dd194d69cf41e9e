"""A live check of many roles in ten accounts, against the ideal schedule and against boto3."""

import json
import math
import subprocess

from .common import (
    ACCOUNTS, BENCHES, PERIOD_US, QUOTA_US, StandIn, command, inventory, limited, measure, median_run, mib, python, role_arn, say, scratch, table,
)

# A page of ListRoles at most (IAM ListRoles, MaxItems).
PAGE = 1000


def run(quick, options):
    sizes = options.sizes or ([100, 1000] if quick else [100, 1000, 10_000])
    latencies = options.latencies if options.latencies is not None else ([0, 20] if quick else [0, 5, 20, 100])
    interpreter = python() if options.boto3_up_to else None
    ours, theirs = [], []
    with scratch() as folder:
        for readers in (False, True):
            for size in sizes:
                path = inventory(folder, size, readers)
                for latency in latencies:
                    for tls in (False, True):
                        case = (folder, size, readers, latency, tls)
                        say(f"scale: {described(*case[1:])}")
                        measured = median_run(lambda: check(path, *case, options), quick)
                        ours.append(row(measured, fewest_calls(size, readers, options.others), *case[1:]))
                        if size <= options.boto3_up_to:
                            compared = median_run(lambda: boto3(interpreter, *case, options.others, measured["most_at_once"]), quick, 5)
                            theirs.append(compare(measured, compared, *case[1:]))
    return "\n\n".join(filter(None, [
        table(HEAD, ours), LIMITS,
        table(BOTO3_HEAD, theirs) if theirs else None, BOTO3_LIMITS if theirs else None,
        small(options),
    ]))


def small(options):
    """The same at the CPU of the smallest function."""
    size, latency, rows = 1000, 20, []
    with scratch() as folder, limited() as cgroup:
        if not cgroup:
            return "At the CPU of 128 MB: not measured, no control group could be made."
        for readers in (False, True):
            case = (folder, size, readers, latency, True)
            say(f"scale: {described(*case[1:])}, at the CPU of 128 MB")
            measured = check(inventory(folder, size, readers), *case, options, cgroup)
            least = max(schedule(sum(measured["calls"].values()), measured["most_at_once"], latency), measured["cpu"] * PERIOD_US / QUOTA_US)
            rows.append([described(*case[1:]), f"{measured['wall']:.1f}", f"{least:.1f}", f"{measured['wall'] / least:.2f}", f"{measured['cpu']:.3f}",
                         measured["most_at_once"], measured["full_handshakes"], sum(measured["calls"].values())])
    return f"{table(SMALL_HEAD, rows)}\n\n{SMALL_LIMITS}"


def described(size, readers, latency, tls):
    return f"{size:,} roles, {'readers' if readers else 'no readers'}, {latency:g} ms, {'TLS' if tls else 'plain'}"


def check(path, folder, size, readers, latency, tls, options, cgroup=None):
    report = folder / "report.json"
    arguments = [command(), "check", "--inventory", path, "--format", "json", "--output", report]
    if options.concurrency:
        arguments += ["--concurrency", str(options.concurrency)]
    with StandIn(folder, latency, tls, size, options.others) as aws:
        measured = measure(arguments, aws.environment(), limit(size, latency) * (5 if cgroup else 1), (0, 1), cgroup)
    right(json.loads(report.read_text()), size)
    return measured | aws.counted


def limit(size, latency):
    """Seconds after which a run is given up: some times what it should take."""
    return 60 + size * 2 * (latency / 1000 / 8 + 0.02)


def right(report, size):
    """A run that does not do the work measures nothing."""
    coverage, verdicts = report["coverage"], report["summary"]["verdicts"]
    # One role in ten has a longer MaxSessionDuration than its job needs.
    found = report["summary"]["findings"]
    said = (report["run"]["complete"], coverage["roles"]["assumed"], coverage["paths"]["walked"], verdicts["covered"], sum(found.values()))
    expected = (True, size, size, size, sum(role_arn(number).endswith("0") for number in range(size)))
    if said != expected:
        raise SystemExit(f"the check says {said}, not {expected}")


def boto3(interpreter, folder, size, readers, latency, tls, others, concurrency):
    """The same answers, by Python."""
    roles = folder / "roles.json"
    roles.write_text(json.dumps([role_arn(number) for number in range(size)]))
    arguments = [interpreter, BENCHES / "boto3" / "check.py", roles, str(concurrency), *(["readers"] if readers else [])]
    with StandIn(folder, latency, tls, size, others) as aws:
        measured = measure(arguments, aws.environment(), limit(size, latency) * 3)
    return measured | aws.counted


def fewest_calls(size, readers, others):
    """Who the checker is, each role assumed; then each role read by itself, or a reader and its pages in each account."""
    in_account = [len(range(index, size, len(ACCOUNTS))) for index in range(len(ACCOUNTS))]
    reads = sum(1 + min(roles, math.ceil((others + roles) / PAGE)) for roles in in_account if roles) if readers else size
    return 1 + size + reads


def schedule(calls, at_once, latency):
    """Seconds: who the checker is first, then all the rest with never a place empty, but no role read before it is assumed."""
    return (1 + max(2, (calls - 1) / at_once)) * latency / 1000


HEAD = ["roles, readers, latency", "wall s", "ideal s", "×", "× fewest", "CPU s", "CPU ms/role", "peak MiB", "at once", "connections",
        "TLS new + resumed", "AssumeRole", "GetRole", "ListRoles", "calls", "fewest"]


def row(measured, fewest, size, readers, latency, tls):
    calls, at_once, wall = measured["calls"], measured["most_at_once"], measured["wall"]
    made = sum(calls.values())
    ideal, least = schedule(made, at_once, latency), schedule(fewest, at_once, latency)
    return [
        described(size, readers, latency, tls), f"{wall:.3f}", f"{ideal:.3f}" if latency else "0",
        f"{wall / ideal:.2f}" if latency else "-", f"{wall / least:.2f}" if latency else "-",
        f"{measured['cpu']:.3f}", f"{measured['cpu'] * 1000 / size:.3f}", mib(measured["peak_bytes"]), at_once, measured["connections"],
        f"{measured['full_handshakes']} + {measured['resumed_handshakes']}",
        *(calls.get(action, 0) for action in ("AssumeRole", "GetRole", "ListRoles")), made, fewest,
    ]


LIMITS = """\
The ideal time is GetCallerIdentity, then every other call with as many calls at once as the
stand-in saw, without a gap. `× fewest` compares with the same schedule for the fewest calls that
give the same facts. A run needs as many connections to each of the two hosts as it makes calls at
once, with one handshake each."""

BOTO3_HEAD = ["roles, readers, latency", "wall s", "boto3 wall s", "× wall", "CPU ms/role", "boto3 CPU ms/role", "× CPU", "peak MiB",
              "boto3 peak MiB", "connections", "boto3 connections", "calls", "boto3 calls"]


def compare(measured, compared, size, readers, latency, tls):
    per_role = [each["cpu"] * 1000 / size for each in (measured, compared)]
    return [
        described(size, readers, latency, tls), f"{measured['wall']:.3f}", f"{compared['wall']:.3f}", f"{compared['wall'] / measured['wall']:.1f}",
        f"{per_role[0]:.3f}", f"{per_role[1]:.3f}", f"{per_role[1] / per_role[0]:.1f}", mib(measured["peak_bytes"]), mib(compared["peak_bytes"]),
        measured["connections"], compared["connections"], sum(measured["calls"].values()), sum(compared["calls"].values()),
    ]


BOTO3_LIMITS = """\
boto3 only collects the answers: it reads no YAML, judges nothing and writes no report. It has as
many threads as we had calls at once. A process includes its start, which is most of boto3's time
at 100 roles."""

SMALL_HEAD = ["at the CPU of 128 MB", "wall s", "least s", "×", "CPU s", "at once", "TLS new", "calls"]

SMALL_LIMITS = """\
A CPU quota of 1447 µs in 20 ms, for the whole process. What cannot be beaten: its CPU at that
speed (× 13.8), or the ideal schedule where that is longer."""
