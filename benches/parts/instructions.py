"""Instructions per job of lint, counted by callgrind: the work of a live check without its calls. Unlike time, the count
is the same on a busy machine."""

import re
import shutil
import subprocess

from .common import ROOT, TARGET, cargo, inventory, say, scratch, surroundings, table

SIZES = (500, 1500)


def run(_quick, _options):
    if not shutil.which("valgrind"):
        return "valgrind is not installed here: not measured."
    command = with_names()
    with scratch() as folder:
        counts = [counted(command, folder, size) for size in SIZES]
    more = SIZES[1] - SIZES[0]
    total = [sum(count.values()) for count in counts]
    slope = (total[1] - total[0]) / more
    rows = [[f"{size:,} jobs", f"{count:,}", "-"] for size, count in zip(SIZES, total)]
    rows.append(["each job more", f"{slope:,.0f}", "100 %"])
    own = {name: (counts[1][name] - counts[0].get(name, 0)) / more for name in counts[1]}
    for name, each in sorted(own.items(), key=lambda item: -item[1])[:15]:
        shown = name if len(name) <= 80 else f"{name[:79]}…"
        rows.append([f"`{shown}`", f"{each:,.0f}", f"{100 * each / slope:.1f} %"])
    return "\n\n".join([table(HEAD, rows), LIMITS])


def with_names():
    """What ships, linked again with the names of its functions, which `strip` takes away."""
    cargo(ROOT, TARGET, "--release", "--bin", "credential-health", verb="rustc", after=["--", "-C", "strip=none"])
    return TARGET / "release" / "credential-health"


def counted(command, folder, size):
    """Instructions by function, inlined ones in their callers."""
    say(f"instructions: {size:,} jobs")
    out = folder / f"callgrind-{size}"
    path = inventory(folder, size, readers=True)
    arguments = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", command, "lint", "--inventory", path, "--format", "json", "--output", folder / "report.json"]
    done = subprocess.run(arguments, env=surroundings(), capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1, 3) or not out.exists():
        raise SystemExit(f"callgrind ended with {done.returncode}: {done.stderr[-2000:]}")
    text = subprocess.run(["callgrind_annotate", "--threshold=100", out], capture_output=True, text=True, check=True, timeout=120).stdout
    count = {}
    for instructions, name in re.findall(r"^\s*([\d,]+) \([^)]*\)\s+\S*?:(.*?)(?: \[[^\]]*\])?$", text, re.MULTILINE):
        name = short(name)
        count[name] = count.get(name, 0) + int(instructions.replace(",", ""))
    return count


def short(name):
    """The function without its hash and without where it was linked."""
    return re.sub(r"::h[0-9a-f]{16}$", "", name.strip()).replace("|", "\\|")


HEAD = ["", "instructions", "of a job"]

LIMITS = """\
The table lists the functions with the most instructions of their own for each job. Inlined code
counts for its caller."""
