#!/usr/bin/env python3
"""Compares `credential-health sessions` with reference.py, and both with what generate.py knows.

    tests/cloudtrail/compare.py --command PATH [--collisions FIRST LAST] [--damaged FIRST LAST] [--generated FIRST LAST]
        [--keep FOLDER]

Each seed from FIRST to before LAST is one log: with records that collide (chaos.py), the same in each form of file and
cut at some byte, or of an organization (generate.py). It ends with 1 if the readers differ on any.
"""

import argparse
import gzip
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import chaos
import generate
import reference


def difference(one, other):
    """The first difference between two reports; None if they are equal."""
    for field in ("window", "files", "records", "refused"):
        if one[field] != other[field]:
            if field == "refused":
                only = [each for each in one[field] if each not in other[field]], [each for each in other[field] if each not in one[field]]
                return f"refused: reference alone {only[0][:2]}, command alone {only[1][:2]}; or another order"
            return f"{field}: reference {one[field]}, command {other[field]}"
    if [each["file"] for each in one["skipped"]] != [each["file"] for each in other["skipped"]]:
        return f"skipped: reference {one['skipped']}, command {other['skipped']}"
    for report in one, other:
        if report["sessions"] != sorted(report["sessions"], key=lambda each: (each["issued_at"], each["access_key_id"] or "")):
            return f"the sessions of {'the reference' if report is one else 'the command'} are out of order"
    # Two principals with one key and time have no order.
    pairs = (sorted(report["sessions"], key=lambda each: (each["issued_at"], each["access_key_id"] or "", each["operation"] or "", each["principal"] or "")) for report in (one, other))
    for first, second in zip(*pairs):
        if first != second:
            different = [f"{name}: reference {first.get(name)!r}, command {second.get(name)!r}" for name in {**first, **second} if first.get(name, "absent") != second.get(name, "absent")]
            return f"session {first['access_key_id']} of {first['issued_at']}: " + "; ".join(different)
    if len(one["sessions"]) != len(other["sessions"]):
        return f"{len(one['sessions'])} sessions in the reference, {len(other['sessions'])} of the command"
    return None


def has_a_circle(path):
    """Whether sessions took one another in the same second, which no AWS call can do."""
    records, _, _ = reference.read([str(path)], float("-inf"), float("inf"))
    for session in reference.find_sessions(reference.without_copies(records)):
        if reference.lineage(session)[0].parent is not None:
            return True
    return False


def by_reference(path, since=None, until=None, service_linked=False):
    start = reference.bound(since, False) if since else float("-inf")
    end = reference.bound(until, True) if until else float("inf")
    return reference.report([str(path)], start, end, service_linked)


def compare(command, path, expected=None, **options):
    """The first difference between the command and the reference on a file or folder."""
    given = [f"--{name}={value}" for name, value in options.items() if name != "service_linked"]
    given += ["--service-linked"] if options.get("service_linked") else []
    ended = subprocess.run([command, "sessions", "--format", "json", *given, str(path)], capture_output=True, text=True)
    if ended.returncode not in (0, 3):
        return f"the command ended with {ended.returncode}: {ended.stderr}"
    return difference(expected or by_reference(path, **options), json.loads(ended.stdout))


# Logs


def collisions(seed, folder):
    path = folder / "log.json"
    path.write_text(chaos.Log(seed).text())
    return path


def damaged(seed, folder):
    """Records that collide, in one form of file, often cut."""
    rng = random.Random(seed)
    records = json.loads(chaos.Log(seed).text())["Records"]
    if rng.random() < 0.2:
        records.insert(rng.randrange(len(records)), rng.choice([None, 5, [], {}, {"eventTime": "x"}, {"eventTime": None}, {"eventTime": "2026-13-01T00:00:00Z"}]))
    ending, text = in_a_form(records, rng)
    data = text.encode()
    cut = rng.randrange(len(data)) if rng.random() < 0.5 else len(data)
    if re.match(r'\{\s*"(version|NextToken)"', text):
        cut = len(data)  # The command finds no records in a cut document that begins with other keys.
    if rng.random() < 0.5:
        data, ending = gzip.compress(data, rng.choice([1, 6, 9])), ending + ".gz"
        cut = rng.choice([cut % len(data), len(data) - 8, len(data)]) if cut < len(text.encode()) else len(data)
    path = folder / f"log{ending}"
    path.write_bytes(data[:cut])
    return path


def in_a_form(records, rng):
    separators = rng.choice([(",", ":"), (", ", ": ")])
    texts = [json.dumps(each, separators=separators, ensure_ascii=rng.random() < 0.5) for each in records]
    form = rng.choice(["log", "more keys", "spaces", "list", "lines", "broken line", "lookup", "lookup"])
    if form == "log":
        return ".json", '{"Records":[' + ",".join(texts) + "]}"
    if form == "more keys":
        return ".json", '{"version":[1,{"Records":[]}],"Records":[' + ",".join(texts) + '],"next":null}'
    if form == "spaces":
        return ".json", ' \n{ "Records" : [\n' + " ,\n".join(texts) + "\n ] }\n\n"
    if form == "list":
        return ".json", "[" + ",\n".join(texts) + "]"
    if form == "lines":
        return ".jsonl", "\n".join(texts) + rng.choice(["", "\n", "\n\n", "\r\n"])
    if form == "broken line":
        texts.insert(rng.randrange(len(texts)), texts[0][: len(texts[0]) // 2])
        return ".jsonl", "\n".join(texts)
    events = [{"EventId": "x", "EventTime": 1.5, "Resources": [], "CloudTrailEvent": each} for each in texts]
    answer = {"Events": events, "NextToken": "x"} if rng.random() < 0.5 else {"NextToken": "x", "Events": events}
    return ".json", json.dumps(answer, indent=rng.choice([None, 4]))


def organization(seed, folder):
    """The logs of an organization, after the reference has found in them what the generator knows."""
    truth = generate.generate(str(folder), seed, 2000)
    truth["skipped"] = [{"file": each} for each in truth["skipped"]]
    truth["refused"].sort(key=reference.refusal_order)
    if found := difference(truth, by_reference(folder / "logs")):
        sys.exit(f"seed {seed}: the generator (first) and the reference (second) differ: {found}")
    return folder / "logs"


def options_of(seed):
    """Options of the command for a log: none for most."""
    rng, options = random.Random(seed), {}
    if rng.random() < 0.2:
        options["since"] = rng.choice(["2026-10-05", "2026-10-05T00:15:00Z", "2026-10-05T01:00:00+00:30"])
    if rng.random() < 0.2:
        options["until"] = rng.choice(["2026-10-04", "2026-10-05", "2026-10-05T01:00:00Z", "2026-10-04T23:45:00-02:00"])
    if rng.random() < 0.2:
        options["service_linked"] = True
    return options


def run(command, kind, seeds, keep=None):
    """The number of logs on which the command and the reference differ."""
    different = circles = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="sessions-") as folder:
            path = kind(seed, pathlib.Path(folder))
            options = options_of(seed) if kind is collisions else {}
            if has_a_circle(path):
                circles += 1
            elif found := compare(command, path, **options):
                different += 1
                print(f"{kind.__name__}, seed {seed} {options or ''}: {found}")
                if keep and path.is_file():
                    keep.mkdir(exist_ok=True)
                    shutil.copy(path, keep / f"{kind.__name__}-{seed}{path.name[3:]}")
    print(f"{kind.__name__}: {len(seeds)} logs, {circles} with a circle left out, {different} different")
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", required=True, metavar="PATH")
    for kind in (collisions, damaged):
        parser.add_argument(f"--{kind.__name__}", type=int, nargs=2, default=[0, 500], metavar=("FIRST", "LAST"))
    parser.add_argument("--generated", type=int, nargs=2, default=[0, 10], metavar=("FIRST", "LAST"))
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="keeps the files on which the readers differ")
    options = parser.parse_args()
    kinds = [(collisions, options.collisions), (damaged, options.damaged), (organization, options.generated)]
    if sum([run(options.command, kind, range(*seeds), options.keep) for kind, seeds in kinds]):
        sys.exit(1)


if __name__ == "__main__":
    main()
