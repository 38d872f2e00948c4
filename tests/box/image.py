"""Builds the image with buildah and runs commands in it; everything is kept below one folder of the test's own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.guards.source import ROOT

TOOLS = ("buildah", "debootstrap")
BASE, IMAGE = "localhost/keel-base", "localhost/keel"
# What python:slim images bring; theirs cannot be had without a registry of images.
PACKAGES = "ca-certificates,netbase,tzdata,python3,python3-pip,python3-venv"
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")


def missing_tool() -> str | None:
    """Return why no image can be built on this machine, or None."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"no {' and no '.join(missing)}: `apt install {' '.join(TOOLS)}` (Debian)"
    return None if os.geteuid() == 0 else "building an image without Docker needs root"


class Image:
    """The image, built anew; its base is made once per folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._options = ["--root", str(self.folder / "images"), "--runroot", str(self.folder / "running")]

    def build(self) -> None:
        """Build the Dockerfile as it is, with only its base replaced."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.buildah("images", "--quiet", "--filter", f"reference={BASE}"):
            self._build_base()
        arguments = ["--build-arg", f"PYTHON_IMAGE={BASE}", "--build-arg", "REVISION=test"]
        # HEALTHCHECK exists in Docker's format only.
        formats = ["--format", "docker", "--isolation", "chroot", "--network", "host"]
        self.buildah("bud", "--quiet", "--layers", *formats, *arguments, "--tag", IMAGE, str(ROOT))

    def container(self) -> str:
        """Return the name of a new container of the image."""
        return self.buildah("from", IMAGE)

    def command(self, container: str, *words: str, environment: Mapping[str, str]) -> list[str]:
        """Return the command that runs these words in a container as its own user, on the machine's network."""
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        return [
            "buildah",
            *self._options,
            "run",
            "--isolation=chroot",
            "--network=host",
            *variables,
            container,
            "--",
            *words,
        ]

    def configuration(self) -> dict[str, Any]:
        """Return what the image says of how it is run, as Docker reads it."""
        facts: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", IMAGE))
        return dict(facts["Docker"]["config"])

    def remove_containers(self) -> None:
        """Remove what `container` made."""
        self.buildah("rm", "--all")

    def buildah(self, *words: str) -> str:
        """Run buildah to its end and return what it printed."""
        done = subprocess.run(["buildah", *self._options, *words], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, f"buildah {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()

    def _build_base(self) -> None:
        system = self.folder / "base"
        shutil.rmtree(system, ignore_errors=True)
        made = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", _release(), str(system)]
        subprocess.run(made, check=True, capture_output=True)
        # A machine behind a proxy has certificates, and settings of pip, of its own.
        for path in (CERTIFICATES, Path("etc/pip.conf")):
            if (Path("/") / path).exists():
                shutil.copy(Path("/") / path, system / path)
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, str(system), "/")
        trust = [f"--env={name}=/{CERTIFICATES}" for name in ("SSL_CERT_FILE", "PIP_CERT")]
        self.buildah("config", *trust, container)
        self.buildah("commit", "--quiet", "--rm", container, BASE)
        shutil.rmtree(system)


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME="))
