"""The SPDX document is valid for SPDX's own library, and describes the archive."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from azprov import __version__
from origin import Origin
from pyz import PYZ
from sample_files import sample
from sbom import Package, packages_of, render_spdx

SPDX = PYZ.with_name("azprov.spdx.json")
# The hashes that the package index shows for the wheels.
WHEELS = {
    "1.26.20": "0ed14ccfbf1c30a9072c7ca157e4319b70d65f623e91e7b32fadb2853431016e",
    "2.8.0": "0cf3cae568d36aa9576b28dfb35f11328f1cb974ca7647d9475ebb86c75ac6e3",
}
# The fields of pip's installation report that the build reads.
REPORT = {
    "install": [
        {
            "download_info": {"archive_info": {"hashes": {"sha256": "5e" * 32}}},
            "metadata": {"name": "some-package", "version": "1.0", "license": "MIT"},
        },
        {
            "download_info": {"archive_info": {"hashes": {"sha256": "7a" * 32}}},
            "metadata": {"name": "newer", "version": "2.0", "license_expression": "0BSD"},
        },
    ]
}


def validate(document: Path) -> "subprocess.CompletedProcess[str]":
    """Run spdx-tools in a process of its own, because it emits warnings."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "spdx_tools.spdx.clitools.pyspdxtools"]
        + ["--version", "SPDX-2.3", "--infile", str(document)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_document_is_valid() -> None:
    """The library of SPDX accepts the document as valid SPDX 2.3."""
    done = validate(SPDX)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"SPDX-2.3"', '"SPDX-9.9"'),
        ('"SHA256"', '"SHA257"'),
        ('"CONTAINS"', '"CARRIES"'),
        ('"licenseDeclared": "MIT"', '"licenseDeclared": "no such licence"'),
        ('"relatedSpdxElement": "SPDXRef-Package-azprov"', '"relatedSpdxElement": "SPDXRef-x"'),
        ("2023-11-14T", "2023-11-14 "),
    ],
)
def test_the_validator_rejects_a_damaged_document(tmp_path: Path, right: str, wrong: str) -> None:
    """The library of SPDX rejects a document that is wrong in one place."""
    document = tmp_path / "wrong.spdx.json"
    text = sample("spdx/azprov-1.2.3.spdx.json").decode()
    assert right in text
    document.write_text(text)
    assert validate(document).returncode == 0
    document.write_text(text.replace(right, wrong))

    assert validate(document).returncode == 1


def test_the_document_describes_this_archive() -> None:
    """The document has the archive's hash and commit, and each package with its wheel's hash."""
    document = json.loads(SPDX.read_text())

    sha256 = hashlib.sha256(PYZ.read_bytes()).hexdigest()
    packages = {package["SPDXID"]: package for package in document["packages"]}
    azprov = packages.pop("SPDXRef-Package-azprov")
    assert azprov["checksums"] == [{"algorithm": "SHA256", "checksumValue": sha256}]
    assert (azprov["versionInfo"], azprov["licenseDeclared"]) == (__version__, "MIT")
    assert azprov["copyrightText"] == "Copyright (c) 2026 The azprov authors"
    assert sha256 in document["documentNamespace"]
    carried = {
        package["versionInfo"]: (package["name"], package["checksums"][0]["checksumValue"])
        for package in packages.values()
    }
    assert carried == {version: ("urllib3", hash_) for version, hash_ in WHEELS.items()}
    assert {package["licenseDeclared"] for package in packages.values()} == {"MIT"}
    concluded = {package["licenseConcluded"] for package in packages.values()}
    assert (azprov["licenseConcluded"], concluded) == ("MIT", {"MIT AND PSF-2.0"})
    with zipfile.ZipFile(PYZ) as archive:
        note = json.loads(archive.read("azprov/build.json"))
        folders = {name.split("/")[1] for name in archive.namelist() if "dist-info/" in name}
    assert folders == {f"urllib3-{version}.dist-info" for version in WHEELS}
    assert azprov["sourceInfo"] == f"commit {note['commit'] or 'unknown'}"


EARLIER = Package("urllib3", "1.26.20", "MIT", "cd" * 32)
LATER = Package("urllib3", "2.8.0", "MIT", "ef" * 32)


def test_the_document_word_for_word() -> None:
    """The document equals the sample, in whatever order the packages are given."""
    for carried in ([EARLIER, LATER], [LATER, EARLIER]):
        document = render_spdx(
            "1.2.3",
            "ab" * 32,
            origin=Origin(commit="c0ffee", time_s=1_700_000_000),
            carried=carried,
            copyright_text="Copyright (c) 2026 Somebody",
        )

        assert document == sample("spdx/azprov-1.2.3.spdx.json")


def test_the_packages_are_those_of_pips_report() -> None:
    """Each package in pip's report is listed, with its licence from the old or the new field."""
    pins = f"x\n    --hash=sha256:{'5e' * 32} \\\n    --hash=sha256:{'7a' * 32}\n"

    assert packages_of(json.dumps(REPORT).encode(), pins) == [
        Package("some-package", "1.0", "MIT", "5e" * 32),
        Package("newer", "2.0", "0BSD", "7a" * 32),
    ]


def test_a_wheel_that_is_not_pinned_is_an_error() -> None:
    """A package in pip's report whose hash is not pinned makes the build fail."""
    pins = f"x\n    --hash=sha256:{'5e' * 32}\n"

    with pytest.raises(ValueError, match=f"newer has the hash {'7a' * 32}, which is not pinned"):
        packages_of(json.dumps(REPORT).encode(), pins)
