"""cloudtrail: sessions of a company's logs, against decompressing them, jq, DuckDB and a Python script."""

import shutil
import statistics
import sys

from .common import BENCHES, ROOT, command, measure, mib, python, say, scratch, surroundings, table

sys.path.insert(0, str(ROOT / "tests" / "cloudtrail"))
import generate  # noqa: E402


def run(quick, options):
    rows = []
    for records in options.sizes or ([100_000] if quick else [100_000, 1_000_000]):
        with scratch() as folder:
            say(f"cloudtrail: writing {records:,} records")
            truth = generate.generate(str(folder), 1, records, 20_000, "logs", 9, dense=True)
            size = sum(each.stat().st_size for each in (folder / "logs").rglob("*.gz"))
            rows += compared(folder, truth, size, 1 if quick else 5)
    return "\n\n".join([table(HEAD, rows), LIMITS])


def commands(folder):
    logs = folder / "logs"
    query = (BENCHES / "cloudtrail" / "sessions.sql").read_text()
    query = query.replace("$files", f"{logs}/**/*.json.gz").replace("$result", str(folder / "duckdb.csv"))
    (folder / "duckdb.sql").write_text(query)
    found = {
        "`xargs -P2 zcat`": ["sh", "-c", f"find {logs} -name '*.gz' -print0 | xargs -0 -n 8 -P2 zcat >/dev/null"],
        "`sessions --format json`": [command(), "sessions", "--format", "json", "--output", folder / "sessions.json", logs],
        "DuckDB": [python(), "-c", "import duckdb, sys; duckdb.execute(open(sys.argv[1]).read())", folder / "duckdb.sql"],
        "Python, gzip and json": ["sh", "-c", f"python3 {BENCHES}/cloudtrail/sessions.py {logs} >{folder}/python.csv"],
    }
    if shutil.which("jq"):
        found["jq, the filter alone"] = ["sh", "-c", f"find {logs} -name '*.gz' -print0 | xargs -0 -n 8 -P2 sh -c 'zcat \"$@\" | jq -c -f {BENCHES}/cloudtrail/filter.jq' - >{folder}/jq.txt"]
    return found


def compared(folder, truth, size, rounds):
    """One row for each program. The programs take turns, so that others on the machine slow all of them."""
    found = commands(folder)
    runs = {name: [] for name in found}
    for number in range(rounds):
        for name, arguments in found.items():
            # The slow ones need no second round to be told apart.
            if number == 0 or runs[name][0]["wall"] < 10:
                say(f"cloudtrail: {name}, round {number + 1}")
                runs[name].append(measure(arguments, surroundings(), 1800))
    least = statistics.median(each["wall"] for each in runs["`xargs -P2 zcat`"])
    for name, measured in runs.items():
        wall = statistics.median(each["wall"] for each in measured)
        cpu = statistics.median(each["cpu"] for each in measured)
        yield [
            f"{truth['records']:,} records, {size / 2**20:.0f} MiB, {len(truth['sessions']):,} sessions: {name}",
            f"{wall:.2f}",
            f"{wall / least:.2f}",
            f"{cpu:.2f}",
            mib(max(each["peak_bytes"] for each in measured)),
        ]


HEAD = ["program", "wall s", "× zcat", "CPU s", "peak MiB"]

LIMITS = """\
The logs are of `tests/cloudtrail/generate.py`, seed 1. The programs run in turn, five rounds; those that take longer
than 10 s run once. The peak of `xargs -P2` is that of its largest process. jq only filters the records of STS; the
Python script has no rules for copies, for the console's keys, or for renewals."""
