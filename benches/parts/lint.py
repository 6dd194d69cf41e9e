"""lint: time and memory, and their growth with the number of jobs."""

from .common import command, inventory, measure, median_run, mib, say, scratch, surroundings, table


def run(quick, options):
    sizes = options.sizes or [100, 10_000, 100_000]
    rows, smaller = [], None
    with scratch() as folder:
        start = median_run(lambda: measure([command(), "--version"], surroundings(), 60), quick)
        rows.append(["nothing: `--version`", "0.0", *numbers(start), "-", "-"])
        for size in sizes:
            say(f"lint: {size:,} jobs")
            path = inventory(folder, size, readers=True)
            arguments = [command(), "lint", "--inventory", path, "--format", "json", "--output", folder / "report.json"]
            # Nothing is known of the roles' maxima, so each verdict is `unknown`: 3, not complete, or 1, where that is a finding.
            measured = median_run(lambda: measure(arguments, surroundings(), 300, allowed=(0, 1, 3)), quick)
            growth = ["-", "-"]
            if smaller:
                more = size - smaller[0]
                growth = [f"{(measured[what] - smaller[1][what]) * scale / more:.2f}" for what, scale in (("cpu", 1e6), ("peak_bytes", 1 / 1024))]
            rows.append([f"{size:,} jobs", mib(path.stat().st_size), *numbers(measured), *growth])
            smaller = size, measured
            path.unlink()
    return "\n\n".join([table(HEAD, rows), LIMITS])


def numbers(measured):
    return [f"{measured['wall']:.3f}", f"{measured['cpu']:.3f}", mib(measured["peak_bytes"])]


HEAD = ["jobs", "inventory MiB", "wall s", "CPU s", "peak MiB", "CPU µs for each job more", "KiB for each job more"]

LIMITS = """\
Each job has five lines and its own role, and adds its part to the JSON report. The cost of one
more job should not grow with the number of jobs. `--version` is the cost of a process that does
nothing."""
