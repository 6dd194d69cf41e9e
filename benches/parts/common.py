"""Code that the parts share: builds, worlds of a given size, measured commands, tables."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import tomllib
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCHES = ROOT / "benches"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
TOOLS = TARGET / "benches"
VENV = BENCHES / ".venv"
ACCOUNTS = [str(digit) * 12 for digit in range(0, 10)]
CHECKER = "AKIA111111111111AAAA"
# The CPU of a Lambda function with 128 MB, in each 20 ms. 1,769 MB are one CPU (AWS Lambda Developer Guide, "Configure memory").
PERIOD_US, QUOTA_US = 20_000, 1447


def say(text):
    print(text, file=sys.stderr, flush=True)


def command():
    return TARGET / "release" / "credential-health"


def function():
    return TARGET / "release" / "lambda"


def tool(name):
    return TOOLS / "tools" / name


def empty_function():
    return TOOLS / "release" / "empty-function"


def profile(folder):
    return tomllib.loads((folder / "Cargo.toml").read_text())["profile"]["release"]


def build(parts):
    """Builds the released binaries and the tools that measure them."""
    # What CargoLambda.toml sets for the function. Its crates of other levels are not those of the empty function.
    ours = {**profile(ROOT), "opt-level": "z"}
    del ours["package"]
    if ours != profile(BENCHES):
        sys.exit("benches/Cargo.toml has another profile.release than the function: the empty function would not be comparable")
    cargo(ROOT, TARGET, "--release", "--bin", "credential-health")
    cargo(BENCHES, TOOLS, "--profile", "tools", "--package", "bench-tools")
    if "cold" in parts:
        size = ("--config", 'profile.release.opt-level="z"')
        cargo(ROOT, TARGET, "--release", *size, "--no-default-features", "--features", "lambda", "--bin", "lambda")
        cargo(BENCHES, TOOLS, "--release", "--package", "empty-function")


def cargo(folder, target, *arguments, verb="build", after=()):
    say(f"building: cargo {verb} {' '.join([*arguments, *after])}")
    subprocess.run(["cargo", verb, "--quiet", "--locked", *arguments, *after], cwd=folder, env=os.environ | {"CARGO_TARGET_DIR": str(target)}, check=True)


def python():
    """A Python with the packages of benches/boto3/requirements.txt."""
    wanted = BENCHES / "boto3" / "requirements.txt"
    installed = VENV / "installed-requirements.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        say("installing boto3 into benches/.venv")
        venv.create(VENV, clear=True, with_pip=True)
        subprocess.run([VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", wanted], check=True)
        shutil.copy(wanted, installed)
    return VENV / "bin" / "python"


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield pathlib.Path(folder)


def account_of(number):
    return ACCOUNTS[number % len(ACCOUNTS)]


def role_arn(number):
    """Role `number` of an inventory. The accounts get roles in turn."""
    return f"arn:aws:iam::{account_of(number)}:role/job-{number // len(ACCOUNTS):05}"


def inventory(folder, jobs, readers):
    """An inventory with this number of jobs. Each job requests two hours from a different role."""
    lines = ["version: 1"]
    if readers:
        lines.append('readers: {"*": "arn:aws:iam::{account}:role/reader"}')
    lines.append("jobs:")
    for number in range(jobs):
        lines.append(f"  - name: job-{number:06}\n    owner: team-{number % 7}\n    length: 90m\n    source: iam-user")
        lines.append(f"    path: [{{role: \"{role_arn(number)}\", duration: 2h}}]")
    path = folder / f"inventory-{jobs}{'-readers' if readers else ''}.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


class StandIn:
    """The stand-in for AWS during a `with` block. Afterwards `counted` has its counts."""

    def __init__(self, folder, latency=0, tls=False, roles=0, others=0):
        self.authority = folder / "authority.pem" if tls else None
        arguments = ["--latency", str(latency), "--roles", str(-(-roles // len(ACCOUNTS))), "--others", str(others)]
        self.command = [tool("stand-in"), *arguments, *(["--tls", self.authority] if tls else [])]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        scheme = "https" if self.authority else "http"
        self.urls = {service: f"{scheme}://127.0.0.1:{port}" for service, port in json.loads(self.process.stdout.readline()).items()}
        return self

    def environment(self):
        """The whole environment of a client, without an account or settings of this machine."""
        urls = {f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in self.urls.items()}
        tls = {"SSL_CERT_FILE": str(self.roots()), "AWS_CA_BUNDLE": str(self.authority)} if self.authority else {}
        return surroundings() | urls | tls

    def roots(self):
        """The root certificates of the system and the authority of the run, as many as a client in Lambda reads."""
        system = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        bundle = self.authority.with_name("roots.pem")
        bundle.write_text((system.read_text() if system.exists() else "") + self.authority.read_text())
        return bundle

    def __exit__(self, *_):
        # It stops when its standard input closes, so it always stops with this process.
        out, _ = self.process.communicate(timeout=30)
        self.counted = json.loads(out)


def surroundings():
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": CHECKER,
        "AWS_SECRET_ACCESS_KEY": "s" * 40,
    }


@contextlib.contextmanager
def limited():
    """A control group with the CPU of 128 MB, or None if it cannot be created."""
    root = pathlib.Path("/sys/fs/cgroup")
    second = (root / "cgroup.controllers").exists()
    group = root / ("" if second else "cpu") / f"bench-{os.getpid()}"
    limits = {"cpu.max": f"{QUOTA_US} {PERIOD_US}"} if second else {"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": QUOTA_US}
    try:
        if second:
            (root / "cgroup.subtree_control").write_text("+cpu")
        group.mkdir()
    except OSError as problem:
        say(f"a control group cannot be created here ({problem})")
        yield None
        return
    try:
        for name, value in limits.items():
            (group / name).write_text(str(value))
        yield group
    finally:
        group.rmdir()


def output(arguments, environment, limit):
    """Standard output and standard error of a command. Kills its process group after `limit` seconds."""
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        out, err = process.communicate(timeout=limit)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode:
        sys.exit(f"{' '.join(map(str, arguments))} ended with {process.returncode}:\n{err[-2000:]}")
    return out, err


def measure(arguments, environment, limit, allowed=(0,), cgroup=None):
    """Runs a command and returns wall, user and system seconds, and peak bytes. Kills it after `limit` seconds."""
    if cgroup:
        arguments = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', cgroup / "cgroup.procs", *arguments]
    out, err = output([tool("measure"), *arguments], environment, limit)
    measured = json.loads(out)
    if measured["status"] not in allowed:
        sys.exit(f"{' '.join(map(str, arguments))} ended with {measured['status']}:\n{err[-2000:]}")
    measured["cpu"] = measured["user"] + measured["system"]
    return measured


def median_run(run, quick, enough=20):
    """The run with the median wall time of three. Long or quick runs are made only once."""
    runs = [run()]
    if not quick and runs[0]["wall"] < enough:
        runs += [run(), run()]
    return sorted(runs, key=lambda each: each["wall"])[len(runs) // 2]


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def table(head, rows):
    """A Markdown table with aligned columns."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]

    def line(cells):
        return "| " + " | ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(zip(cells, widths))) + " |"

    rule = "|" + "|".join(("-" * (width + 1) + ":") if column else "-" * (width + 2) for column, width in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def mib(size):
    return f"{size / 2**20:.1f}"
