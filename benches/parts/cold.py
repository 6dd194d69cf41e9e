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
            # In turn, so that the load of the machine affects all of them alike.
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
    """The time for so much CPU, where a process pauses from the end of its share to the end of the period."""
    whole, rest = divmod(cpu_ms, QUOTA_US / 1000)
    return whole * PERIOD_US / 1000 + rest


def zipped(path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(path, "bootstrap")
    return len(archive.getvalue())


def unpacked(path, folder):
    """The function written from beginning to end, as Lambda unpacks it: a linker leaves it in smaller pieces in the page
    cache, and its start then takes a tenth longer."""
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    target.chmod(0o755)
    return target


HEAD = ["median (quartiles)", "empty function", "ours", "×"]

LIMITS = """\
The empty function answers each event with a constant. Ours checks one role that has a finding:
GetCallerIdentity, AssumeRole, GetRole and Publish, one after the other, without latency. The
first invocation over TLS also makes a handshake with each of three services and reads the
system's root certificates. At the CPU of 128 MB a process that has used its 1.447 ms pauses until
its 20 ms are over. The limit holds from the first event on; Lambda gives more CPU to the start.
Name resolution is not measured."""
