"""Install the Debian packages that tests use, where that may be done, and run pytest.

What had to be left out is named in the last lines: a test that was skipped is not a test that
passed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

#: A program that tests run, and the Debian package that brings it.
PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "buildah": "buildah",
    "busybox": "busybox-static",
    "chromium": "chromium",
    "docker-registry": "docker-registry",
    "faketime": "faketime",
    "fc-list": "fontconfig",
    "kubectl": "kubernetes-client",
    "jq": "jq",
    "lua5.1": "lua5.1",
    "pg_ctlcluster": "postgresql",
    "prometheus-pushgateway": "prometheus-pushgateway",
    "promtool": "prometheus",
    "skopeo": "skopeo",
    "umoci": "umoci",
}

MEMORY = Path("/dev/shm")
#: Bytes that a run of all tests is given.
ROOM = 16 * 2**30


def main() -> None:
    """Run the tests; the exit code is pytest's."""
    left_out = install([name for name in PACKAGES if not shutil.which(name)])
    workers = os.environ.get("TEST_WORKERS", "2")
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadgroup", "-rs"]
    scratch = in_memory()
    variables = os.environ | ({"TMPDIR": str(scratch)} if scratch else {})
    code = subprocess.run([*command, *sys.argv[1:]], env=variables).returncode
    if scratch and code:
        print(f"what the tests that failed have written: {scratch}")
    elif scratch:
        shutil.rmtree(scratch, ignore_errors=True)  # with what killed processes left there
    for name in left_out:
        print(f"left out: tests that run {name} (Debian package {PACKAGES[name]})")
    sys.exit(code)


def install(missing: list[str]) -> list[str]:
    """Install Debian packages as root or by sudo; return the programs that stay away."""
    become = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if not missing or not shutil.which("apt-get"):
        return missing
    if become and subprocess.run([*become, "true"], capture_output=True).returncode:
        return missing
    packages = [PACKAGES[name] for name in missing]
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2"]
    for command in ([*apt, "update"], [*apt, "install", "--no-install-recommends", *packages]):
        subprocess.run(command, stdout=subprocess.DEVNULL)
    return [name for name in missing if not shutil.which(name)]


def in_memory() -> Path | None:
    """Make a folder in memory, where there is room: on a slow disk tests wait for it mostly."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return None
    disk = os.statvfs(MEMORY)
    has_room = disk.f_bavail * disk.f_frsize >= ROOM and not disk.f_flag & os.ST_NOEXEC
    if not has_room:
        return None
    folder = Path(mkdtemp(prefix="test-", dir=MEMORY))
    folder.chmod(0o755)  # PostgreSQL is another user
    return folder


if __name__ == "__main__":
    main()
