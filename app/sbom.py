"""Writes an SPDX document about the archive: its packages, with their licences and hashes.

The build runs this module; it is not shipped.
https://spdx.github.io/spdx-spec/v2.3/, read 2026-11-22
"""

import json
import re
import time
from typing import Any, Dict, List, NamedTuple

from origin import Origin

LICENCE = "MIT"
_DOCUMENT = "SPDXRef-DOCUMENT"
_ARCHIVE = "SPDXRef-Package-azprov"
_UNKNOWN = "NOASSERTION"
# urllib3 declares MIT, but its util/ssl_match_hostname.py comes from Python.
_CONCLUDED = {"urllib3": "MIT AND PSF-2.0"}


class Package(NamedTuple):
    """A wheel in the archive, as pip reports it."""

    name: str
    version: str
    licence: str
    sha256: str


def packages_of(report: bytes, pins: str) -> List[Package]:
    """Return the packages in pip's report. Raises ValueError for a hash that is not pinned.

    pip refuses such a package too; this makes sure that the report is about the pinned files.
    """
    packages = []
    for item in json.loads(report)["install"]:
        about = item["metadata"]
        sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]
        if f"--hash=sha256:{sha256}" not in pins:
            raise ValueError(f"{about['name']} has the hash {sha256}, which is not pinned")
        licence = about.get("license_expression") or about["license"]
        packages.append(Package(about["name"], about["version"], licence, sha256))
    return packages


def render_spdx(
    version: str, sha256: str, *, origin: Origin, carried: List[Package], copyright_text: str
) -> bytes:
    """Render the document for an archive with this hash; the same values give the same bytes."""
    described = _package(_ARCHIVE, Package("azprov", version, LICENCE, sha256))
    described.update(
        packageFileName="azprov.pyz",
        primaryPackagePurpose="APPLICATION",
        sourceInfo=f"commit {origin.commit or 'unknown'}",
        copyrightText=copyright_text,
    )
    packages = [described]
    relationships = [_relationship(_DOCUMENT, "DESCRIBES", _ARCHIVE)]
    for package in sorted(carried):
        spdx_id = _id_of(package)
        packages.append(dict(_package(spdx_id, package), **_reference(package)))
        relationships.append(_relationship(_ARCHIVE, "CONTAINS", spdx_id))
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(origin.time_s))
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": f"azprov-{version}",
        # It has to be unique for each version of the document (6.5.1).
        "documentNamespace": f"https://spdx.org/spdxdocs/azprov-{version}-{sha256}",
        "creationInfo": {"created": created, "creators": [f"Tool: azprov-build.py-{version}"]},
        "packages": packages,
        "relationships": relationships,
    }
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def _id_of(package: Package) -> str:
    return "SPDXRef-Package-" + re.sub("[^A-Za-z0-9.-]", "-", f"{package.name}-{package.version}")


def _package(spdx_id: str, package: Package) -> Dict[str, Any]:
    return {
        "SPDXID": spdx_id,
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": package.sha256}],
        "licenseDeclared": package.licence,
        "licenseConcluded": _CONCLUDED.get(package.name, package.licence),
        "copyrightText": _UNKNOWN,
    }


def _reference(package: Package) -> Dict[str, Any]:
    """Name a wheel by its package URL, which does not depend on the index that was used."""
    return {
        "primaryPackagePurpose": "LIBRARY",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:pypi/{package.name}@{package.version}",
            }
        ],
    }


def _relationship(element: str, kind: str, related: str) -> Dict[str, str]:
    return {
        "spdxElementId": element,
        "relationshipType": kind,
        "relatedSpdxElement": related,
    }
