"""Package tools and names: one table, and a copy for Pythons that cannot import it."""

from pathlib import Path

import pytest

from azprov.__main__ import PYTHON_PACKAGES, package_advice
from azprov.check.facts.packages import PYTHON, TOOLS, WALINUXAGENT


def test_the_copy_in_main_has_every_distribution() -> None:
    """__main__.py names the same distributions as check/facts/packages.py."""
    assert set(PYTHON_PACKAGES) == set(TOOLS)


@pytest.mark.parametrize("distribution", TOOLS)
def test_the_copy_in_main_installs_the_same_package(distribution: str, tmp_path: Path) -> None:
    """The advice names the tool and the Python package of the distribution."""
    tool = TOOLS[distribution]
    (tmp_path / "os-release").write_text(f"ID={distribution}\n")

    advice = package_advice("it", str(tmp_path / "os-release"))

    words = advice.partition("install it: ")[2].split()
    assert (words[0], words[-1]) == (tool.name, PYTHON.name(distribution, tool.name))
    # The same verb as in the command for an image, such as add or -S.
    assert words[1] in tool.install.split()


@pytest.mark.parametrize(
    ("distribution", "tool", "name"),
    [
        ("debian", "apt-get", "waagent"),
        ("ubuntu", "apt-get", "walinuxagent"),
        ("rocky", "dnf", "WALinuxAgent"),
        ("sles", "zypper", "python-azure-agent"),
        ("arch", "pacman", "walinuxagent"),
    ],
)
def test_a_package_has_the_name_of_the_distribution(
    distribution: str, tool: str, name: str
) -> None:
    """The ID of the distribution comes before its tool, and both before the usual name."""
    assert WALINUXAGENT.name(distribution, tool) == name
