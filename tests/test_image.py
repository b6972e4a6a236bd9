"""The service's image, really built, from a base that is made of this machine's Python."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.bento import ask, is_ready
from tests.conftest import run
from tests.oci_registry import docker_registry, get
from tests.projects import make

FOREST = "model=random_forest"
PORT = 28931  # below those that the kernel gives out
PREFIX = Path(sys.base_prefix)
#: What a small base leaves out of Python's own library.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "test", "tkinter", "idlelib", "site-packages")
#: Loaded by name, so that ldd does not list them.
LOADED_LATER = ("libstdc++.so.6", "libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2")
RESOLVE = """
from delivery.registry.choice import open_images
print(open_images().resolve("docker"))
"""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

Trained = Callable[..., Path]
Buildah = Callable[..., str]


@pytest.fixture
def buildah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buildah]:
    """Return a function that calls buildah, with a store of its own and no kernel's help."""
    if not shutil.which("buildah") or not shutil.which("busybox"):
        pytest.skip("not installed: buildah, busybox")
    if os.geteuid():
        pytest.skip("only root can build without a user namespace")
    store = tmp_path / "storage.conf"
    store.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/store"\nrunroot = "{tmp_path}/run"\n'
    )
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(store))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    # docker's daemon would not know what this store holds.
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    def call(*arguments: str) -> str:
        done = subprocess.run(["buildah", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    yield call
    call("rm", "--all")


def test_an_image_of_the_service_is_built_pushed_and_answers_as_nobody(
    trained: Trained, buildah: Buildah, tmp_path: Path
) -> None:
    project = trained("made", FOREST)
    base = f"package.service_base={python_base(buildah, tmp_path / 'base')}"
    with docker_registry() as host:
        repro = make(project, "repro", FOREST, base, f"project.registry={host}/team")
        assert repro.returncode == 0, repro.stderr

        built = make(project, "image", "PUSH=1")

        assert built.returncode == 0, built.stdout + built.stderr
        name = assert_named(project, built.stdout, f"{host}/team/wine-model-service")
        assert_docker_is_understood(project, buildah, f"{host}/team/wine-model-service", tmp_path)
    config = json.loads(buildah("inspect", "--type=image", f"localhost/{name}"))["OCIv1"]["config"]
    assert config["User"] == "10001:10001"
    container = buildah("from", f"localhost/{name}")
    assert buildah("run", container, "--", "id", "-u") == "10001"
    assert no_pip(buildah, container)
    command = [*config["Cmd"][:2], "--host", "127.0.0.1", "--port", str(PORT), config["Cmd"][-1]]
    golden = json.loads((project / "reports/golden.json").read_text())
    assert served(container, command, golden["inputs"]) == [
        row["label"] for row in golden["outputs"]
    ]


def assert_named(project: Path, said: str, repository: str) -> str:
    """See that the image is in the registry by the digest that was written down."""
    manifest = json.loads((project / "dist/manifest.json").read_text())
    pushed = json.loads((project / "build/image.json").read_text())
    host, _, path = repository.partition("/")
    content = get(host, f"{path}/manifests/{manifest['version']}")
    assert pushed == {
        "package": manifest["digests"]["modelcar"],
        "repository": repository,
        "tag": manifest["version"],
        "digest": f"sha256:{sha256(content).hexdigest()}",
    }
    name = f"wine-model:{manifest['version']}"
    assert said.splitlines()[-3:] == [
        f"built {name}; run it: docker run --rm --publish 3000:3000 {name}",
        f"pushed {repository}:{manifest['version']}",
        f"{pushed['digest']} (build/image.json)",
    ]
    return name


def assert_docker_is_understood(
    project: Path, buildah: Buildah, repository: str, tmp_path: Path
) -> None:
    """Push in docker's format, and see that its digest is found."""
    image = f"{repository}:{digest_of(project)[7:19]}"
    written = tmp_path / "digest"
    flags = ("--tls-verify=false", "--format=v2s2", f"--digestfile={written}")
    buildah("push", *flags, image, f"docker://{repository}:docker")

    resolved = run(["bin/python", "-c", RESOLVE], project)

    assert resolved.stdout.strip() == written.read_text().strip(), resolved.stderr


def test_what_is_missing_for_an_image_is_one_line(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = trained("made", FOREST)
    for program in ("awk", "dirname", "git", "make", "python3", "sed", "sh", "uv"):
        if found := shutil.which(program):
            (tmp_path / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))

    done = make(project, "image")

    assert done.returncode == 2
    assert re.match(r"error: no image can be built: docker is not installed, nor is", done.stderr)
    assert len([line for line in done.stderr.splitlines() if not line.startswith("make: ")]) == 1


def test_a_folder_takes_no_image(trained: Trained) -> None:
    done = make(trained("made", FOREST), "image", "PUSH=1")

    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: conf/project.yaml: registry: local is a folder, which takes no image; name a "
        "registry, and type: make repro"
    )


def test_no_image_is_built_of_a_package_that_was_changed(trained: Trained) -> None:
    project = trained("made", FOREST)
    (project / "dist/bento/src/serving.json").write_text("{}")

    done = make(project, "image")

    assert done.returncode == 2
    assert done.stderr.startswith("error: dist/bento: not what dvc.lock records")


def digest_of(project: Path) -> str:
    manifest = json.loads((project / "dist/manifest.json").read_text())
    return str(manifest["digests"]["modelcar"])


def python_base(buildah: Buildah, root: Path) -> str:
    """Make an image of this machine's Python, a shell and certificates; return its full name."""
    library = PREFIX / f"lib/python3.{sys.version_info.minor}"
    shutil.copytree(library, root / library.relative_to("/"), symlinks=True, ignore=LEFT_OUT)
    python = Path(sys.executable).resolve()
    for path in (python, *libraries([python, *library.rglob("*.so")]), CERTIFICATES):
        put(path, root)
    put(Path(str(shutil.which("busybox"))).resolve(), root, "bin/busybox")
    for name in ("sh", "mkdir", "chown", "id", "ls"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "bin/python3").symlink_to(python)
    for name in ("tmp", "root", "home", "proc", "dev", "sys"):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(0o1777 if name == "tmp" else 0o755)
    # As a company's own base would have it: whom to trust, and who root is.
    (root / "etc/pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\n")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    container = buildah("from", "scratch")
    buildah("copy", container, str(root), "/")
    buildah("config", "--env", "PATH=/bin", container)
    buildah("commit", "--disable-compression", container, "localhost/python:base")
    digest = buildah("images", "--format", "{{.Digest}}", "localhost/python:base")
    return f"localhost/python@{digest}"


def libraries(binaries: list[Path]) -> set[Path]:
    """Return the shared libraries that programs and modules load."""
    listed = run(["ldd", *map(str, binaries)], None).stdout
    found = {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}
    folders = {path.parent for path in found}
    return found | {
        folder / name for folder in folders for name in LOADED_LATER if (folder / name).exists()
    }


def put(path: Path, root: Path, name: str | None = None) -> None:
    target = root / (name or path.relative_to("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def no_pip(buildah: Buildah, container: str) -> bool:
    packages = buildah("run", container, "--", "sh", "-c", "ls /opt/venv/lib/*/site-packages")
    return "bentoml" in packages.split() and "pip" not in packages.split()


def served(container: str, command: list[str], rows: object) -> list[str]:
    """Run the image's command in it, and return the labels that it answers."""
    process = subprocess.Popen(
        ["buildah", "run", container, "--", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{PORT}"
    try:
        assert is_ready(url, process), process.communicate()[0]
        return [row["label"] for row in ask(f"{url}/predict", rows)["predictions"]]
    finally:
        process.terminate()
        process.communicate(timeout=30)
