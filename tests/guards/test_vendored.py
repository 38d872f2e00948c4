"""What others wrote and we keep a copy of: unchanged, of a known version, with its license beside it."""

import hashlib

import pytest

from tests.guards.source import ROOT

FOLDER = ROOT / "tests" / "e2e" / "vendor"
# Name, version, license and SHA-256 of each file, as it came from its package.
VERSIONS = [line.split() for line in (FOLDER / "VERSIONS").read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("name", "version", "license_name", "digest"), VERSIONS)
def test_a_vendored_file_is_what_its_package_holds(name, version, license_name, digest):
    content = (FOLDER / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == digest
    assert version.encode() in content[:200]


def test_every_vendored_file_is_listed_or_a_license():
    listed = {name for name, *_rest in VERSIONS} | {"VERSIONS", "axe-LICENSE.txt"}

    assert {path.name for path in FOLDER.iterdir()} == listed
