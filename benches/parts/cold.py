"""A function's start, first and later invocations, beside an empty function of the same profile."""

import io
import json
import statistics
import zipfile

from .common import PERIOD_US, QUOTA_US, StandIn, empty_function, function, inventory, limited, mib, output, quartiles, say, scratch, surroundings, table, tool

TOPIC = "arn:aws:sns:eu-west-1:111111111111:topic"
WARM = 5


def run(quick, _options):
    rounds = 20 if quick else 100
    say(f"cold: {rounds} rounds")
    with scratch() as folder, limited() as cgroup:
        settings = {"INVENTORY": str(inventory(folder, 1, readers=False)), "TOPIC_ARN": TOPIC}
        with StandIn(folder, roles=1) as plain, StandIn(folder, tls=True, roles=1) as tls:
            ours = {scheme: aws.environment() | settings for scheme, aws in (("plain", plain), ("TLS", tls))}
            empty, bootstrap = (unpacked(path, folder) for path in (empty_function(), function()))
            cases = {"empty": (empty, surroundings(), None), "plain": (bootstrap, ours["plain"], None), "TLS": (bootstrap, ours["TLS"], None)}
            if cgroup:
                cases |= {"empty, limited": (empty, surroundings(), cgroup), "limited": (bootstrap, ours["TLS"], cgroup)}
            runs = {name: [] for name in cases}
            # In turn, so that what else the machine does meets all of them alike.
            for _ in range(rounds):
                for name, (binary, environment, group) in cases.items():
                    runs[name].append(invoked(binary, environment, group))
        for aws, starts in ((plain, 1), (tls, 2 if cgroup else 1)):
            expected = rounds * starts * (1 + WARM)
            if aws.counted["calls"] != dict.fromkeys(("AssumeRole", "GetCallerIdentity", "GetRole", "Publish"), expected):
                raise SystemExit(f"not {expected} of each call: {aws.counted['calls']}")
    return "\n\n".join([table(HEAD, list(rows(runs, bool(cgroup)))), LIMITS])


def invoked(binary, environment, cgroup):
    arguments = [tool("invoke"), "--events", str(1 + WARM), *(["--cgroup", cgroup] if cgroup else []), binary]
    return json.loads(output(arguments, environment, 120)[0])


def step(runs, index, what="ms"):
    return [run["steps"][index][what] for run in runs]


def warm(runs):
    return [run["steps"][index]["ms"] for run in runs for index in range(2, 2 + WARM)]


def rows(runs, quota):
    def compared(name, values):
        empty, ours = values("empty"), values("TLS")
        return [name, quartiles(empty), quartiles(ours), f"{statistics.median(ours) / statistics.median(empty):.2f}"]

    def beside(name, values, empty, ours):
        return [name, quartiles(values(runs[empty])), quartiles(values(runs[ours])), "-"]

    yield compared("start to the first request for an event, ms", lambda name: step(runs[name], 0))
    yield compared("the same, ms of CPU", lambda name: step(runs[name], 0, "cpu_ms"))
    for scheme in ("plain", "TLS"):
        yield beside(f"first invocation, {scheme}, ms", lambda runs: step(runs, 1), "empty", scheme)
        yield beside("the same, ms of CPU", lambda runs: step(runs, 1, "cpu_ms"), "empty", scheme)
    for scheme in ("plain", "TLS"):
        yield beside(f"warm invocation, {scheme}, ms", warm, "empty", scheme)
    if quota:
        yield beside("first invocation, TLS, at the CPU of 128 MB, ms", lambda runs: step(runs, 1), "empty, limited", "limited")
    yield beside("the least for that CPU at 128 MB, ms", lambda runs: [at_quota(each) for each in step(runs, 1, "cpu_ms")], "empty", "TLS")
    peaks = [max(run["peak_bytes"] for run in runs[name]) for name in ("empty", "TLS")]
    yield ["peak memory, MiB", *map(mib, peaks), f"{peaks[1] / peaks[0]:.2f}"]
    for name, size in (("binary, MB", lambda path: path.stat().st_size), ("zip, MB", zipped)):
        sizes = [size(path) for path in (empty_function(), function())]
        yield [name, *(f"{each / 1e6:.2f}" for each in sizes), f"{sizes[1] / sizes[0]:.2f}"]


def at_quota(cpu_ms):
    """How long so much CPU takes of a process that stands still from the end of its share to the end of the period."""
    whole, rest = divmod(cpu_ms, QUOTA_US / 1000)
    return whole * PERIOD_US / 1000 + rest


def zipped(path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(path, "bootstrap")
    return len(archive.getvalue())


def unpacked(path, folder):
    """The function as Lambda unpacks it, written from beginning to end: what a linker wrote lies in the page cache in smaller pieces,
    which costs its start a tenth more."""
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    target.chmod(0o755)
    return target


HEAD = ["median (quartiles)", "empty function", "ours", "×"]

LIMITS = """\
What cannot be beaten: for the start, the empty function, which answers what it was asked. Each invocation of ours checks one role that has a
finding: four calls one after the other (GetCallerIdentity, AssumeRole, GetRole, Publish) at no latency: nothing ends before four round trips
and the CPU of its calls, and the first over TLS has the CPU of a handshake with each of three services more. At the CPU of 128 MB, a
process that has used its 1.447 ms stands still until its 20 ms are over: `the least` is what its CPU comes to then. The limit holds
from the first event on; Lambda gives more to the start. Name resolution is not measured. The first invocation without TLS takes longer
than the one with it: an endpoint of one's own makes the function read the system's root certificates, and the one with TLS has SSL_CERT_FILE."""
