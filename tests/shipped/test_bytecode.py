"""The bytecode in the archive: Pythons of the build use it, and others use the sources."""

import contextlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.instant import InstantPlatform
from benchmarks.subject import prepare
from interpreters import INTERPRETERS
from precompile import compile_with
from project import NOWHERE, ROOT
from pyz import PYZ
from strict_wireserver import StrictWireServer

MIB = 1 << 20
PROGRAM = Path(__file__).with_name("named_tuple_program.py")
# The modules with bytecode that have a NamedTuple.
MODULES = [
    "azprov.azure.endpoint",
    "azprov.azure.transport",
    "azprov.boot.outcome",
    "azprov.boot.steps",
    "azprov.formats.host.config_syntax",
    "azprov.formats.host.dhcp_renewal",
    "azprov.formats.host.networkd_description",
    "azprov.formats.host.passwd",
    "azprov.formats.host.ssh_keys",
    "azprov.formats.host.sshd_config",
    "azprov.formats.platform.goal_state",
    "azprov.formats.platform.health",
    "azprov.formats.platform.instance",
    "azprov.formats.platform.xml",
    "azprov.system.dhcp_leases",
    "azprov.system.hostname.machine",
    "azprov.system.interfaces",
    "azprov.system.planting",
    "azprov.system.root.acl",
    "azprov.system.sshd.deleted_accounts",
    "azprov.system.state",
    "azprov.system.writers",
]

# Runs the archive like `python azprov.pyz ARGS`, then evaluates an expression in that process.
PROBE = """
import runpy, sys
question = sys.argv.pop(1)
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    pass
print(eval(question))
"""


def ask(python: Path, archive: Path, question: str, *command: str) -> str:
    done = subprocess.run(
        [python, "-I", "-c", PROBE, question, archive, *command],
        env=NOWHERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


# The entry that a Python loads.
NAME = (
    "'bytecode/' + sys.implementation.cache_tag + '.' "
    "+ __import__('importlib.util').util.MAGIC_NUMBER[:2].hex()"
)


@pytest.fixture(scope="module")
def sources_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive without bytecode, as a Python that the build did not have sees it."""
    stripped = tmp_path_factory.mktemp("sources") / "azprov.pyz"
    with zipfile.ZipFile(PYZ) as archive, zipfile.ZipFile(stripped, "w") as copy:
        for info in archive.infolist():
            if not info.filename.startswith("bytecode/"):
                copy.writestr(info, archive.read(info))
    return stripped


def ask_after_first_boot(version: str, question: str, scratch: Path) -> str:
    """The value of an expression in a process that has run a first boot without users."""
    prepare(scratch)
    platform = InstantPlatform(("127.0.0.1", 0))
    platform.open()
    with contextlib.closing(platform):
        words = ["provision", "--root", str(scratch / "root")]
        words += ["--wireserver", platform.address, "--imds", platform.address]
        answer = ask(INTERPRETERS[version], PYZ, question, *words)
    assert platform.verdicts == ["ready"]
    return answer


LOADERS = (
    "sorted({type(module.__loader__).__name__ for module in sys.modules.values()"
    " if str(getattr(module, '__file__', '')).startswith(sys.argv[0])})"
)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_each_python_of_the_build_has_its_bytecode(version: str, tmp_path: Path) -> None:
    """Every module of azprov and urllib3 that a first boot imports is loaded from bytecode."""
    assert ask_after_first_boot(version, LOADERS, tmp_path) == "['_Precompiled']"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_first_boot_reads_one_entry_of_bytecode(version: str, tmp_path: Path) -> None:
    """Unpacking the entry for the rest would be a fortieth of a cold start."""
    unread = f"[f._rest for f in sys.meta_path if hasattr(f, '_rest')] == [{NAME} + '.rest']"

    assert ask_after_first_boot(version, unread, tmp_path) == "True"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_python_that_the_build_did_not_have_reports_from_the_sources(
    version: str, sources_only: Path, wireserver: StrictWireServer
) -> None:
    """Ready is acknowledged, and every module was imported from its source."""
    address = f"127.0.0.1:{wireserver.listener.getsockname()[1]}"

    loaders = ask(
        INTERPRETERS[version], sources_only, LOADERS, "report-ready", "--wireserver", address
    )

    assert wireserver.verdicts == ["goal state", "ready"]
    assert loaders == "['zipimporter']"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_report_imports_no_unneeded_module(version: str) -> None:
    """TLS, JSON, package metadata, forms, help, other commands and rehearsals are not imported."""
    spared = {
        "ssl",
        "_ssl",
        "json",
        "importlib.metadata",
        "mimetypes",
        "brotli",
        "csv",
        "gettext",
        "locale",
        "hmac",
        "http.server",
        "subprocess",
        "azprov.rehearsal",
        "azprov.image",
        "azprov.cli.commands.rehearse",
        "azprov.cli.commands.provision",
        "azprov.cli.commands.check",
        "azprov.cli.version",
        "azprov.cli.help",
        "azprov.cli.suggestions",
        "difflib",
        "azprov.cli.colour",
        "azprov.cli.progress",
        "azprov.azure.imds",
        "azprov.azure.imds_time_limit",
        "azprov.azure.wireserver_probe",
    }

    imported = ask(
        INTERPRETERS[version],
        PYZ,
        f"sorted(set(sys.modules) & {spared!r})",
        "report-ready",
        "--timeout",
        "0.1",
    )

    assert imported == "[]"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_first_boot_without_users_imports_nothing_for_users(version: str, tmp_path: Path) -> None:
    """OpenSSL's library alone takes 5 MiB of memory; this boot runs no program, either."""
    spared = {
        "_hashlib",
        "annotationlib",
        "locale",
        "subprocess",
        "urllib3.util.ssltransport",
        "azprov.formats.host.passwd",
        "azprov.formats.host.ssh_keys",
        "azprov.system.accounts",
    }

    imported = ask_after_first_boot(version, f"sorted(set(sys.modules) & {spared!r})", tmp_path)

    assert imported == "[]"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_first_boot_with_users_runs_from_bytecode(version: str, tmp_path: Path) -> None:
    """The modules that create a user are not compiled at the first boot."""
    needed = ["azprov.system.accounts", "azprov.system.homes", "azprov.system.root.tree"]
    load = f"[__import__('importlib').import_module(name) for name in {needed!r}] and "

    assert ask_after_first_boot(version, load + LOADERS, tmp_path) == "['_Precompiled']"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_bytecode_has_no_docstrings(version: str) -> None:
    """The bytecode is built without docstrings, and the help does not need them."""
    help_text = subprocess.check_output([INTERPRETERS[version], PYZ, "check", "--help"], text=True)
    docstrings = ask(
        INTERPRETERS[version],
        PYZ,
        "[sys.modules[name].__doc__ for name in ('azprov.errors', 'azprov.cli')]",
        "--version",
    )

    assert "\nCheck whether an image will provision on Azure.\n" in help_text
    assert docstrings == "[None, None]"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_bytecode_has_no_annotations(version: str) -> None:
    """Python would evaluate annotations at each start, and nothing in azprov reads them."""
    annotations = ask(
        INTERPRETERS[version],
        PYZ,
        "[getattr(named, '__annotations__', {}) for named in"
        " (sys.modules['azprov.errors'].bug, sys.modules['azprov.azure.endpoint'].Endpoint)]",
        "--version",
    )

    assert annotations == "[{}, {}]"


@pytest.mark.parametrize("version", INTERPRETERS)
def test_named_tuples_of_the_bytecode_are_like_those_of_the_sources(
    version: str, sources_only: Path
) -> None:
    """The build replaces typing's NamedTuple; fields, defaults, methods and texts are the same."""
    described = f"__import__('runpy').run_path({str(PROGRAM)!r}, {{'modules': {MODULES!r}}})"
    question = described + "['described']"

    ours, typings = (
        ask(INTERPRETERS[version], archive, question, "--version")
        for archive in (PYZ, sources_only)
    )

    assert "'azprov.azure.endpoint.Endpoint'" in ours
    assert ours == typings


@pytest.mark.parametrize("version", [name for name in INTERPRETERS if name != "3.6"])
def test_no_collection_of_garbage_visits_the_modules(version: str) -> None:
    """The objects of the modules are frozen when all are imported; Python 3.6 cannot do it."""
    are_frozen = ask(
        INTERPRETERS[version], PYZ, "__import__('gc').get_freeze_count() > 10_000", "--version"
    )

    assert are_frozen == "True"


def test_a_module_without_bytecode_comes_from_its_source() -> None:
    """A module that no boot runs is not compiled, and can be imported."""
    question = "type(__import__('azprov.cli.suggestions', fromlist=['x']).__loader__).__name__"

    assert ask(Path(sys.executable), PYZ, question, "--version") == "zipimporter"


def test_a_traceback_shows_the_lines_of_the_sources() -> None:
    """The loader returns the source lines, although no such file is on the disk."""
    question = "__import__('linecache').getline(*LINE).strip()".replace(
        "LINE", "('azprov/errors.py', 1, vars(sys.modules['azprov.errors']))"
    )

    line = ask(INTERPRETERS[list(INTERPRETERS)[-1]], PYZ, question, "--version")

    assert line == (ROOT / "app" / "azprov" / "errors.py").read_text().splitlines()[0]


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_same_python_makes_the_same_bytes(version: str, tmp_path: Path) -> None:
    """The bytes do not depend on the path of the archive."""
    elsewhere = tmp_path / "a copy.pyz"
    elsewhere.write_bytes(PYZ.read_bytes())

    entries = compile_with(INTERPRETERS[version], elsewhere)

    with zipfile.ZipFile(PYZ) as archive:
        for name, content in entries.items():
            assert archive.read(name) == content
    assert len(entries) == 2


@pytest.mark.parametrize(
    ("version", "entry"),
    [(version, rest) for version in INTERPRETERS for rest in ("", ".rest")],
)
def test_a_damaged_archive_is_reported(version: str, entry: str, tmp_path: Path) -> None:
    """One changed bit in the bytecode gives exit code 70 and a line that says what to do."""
    python = INTERPRETERS[version]
    name = ask(python, PYZ, NAME, "--version") + entry
    content = bytearray(PYZ.read_bytes())
    with zipfile.ZipFile(PYZ) as archive:
        info = archive.getinfo(name)
    content[info.header_offset + info.compress_size // 2] ^= 16
    damaged = tmp_path / "azprov.pyz"
    damaged.write_bytes(content)

    for words, answer in (
        (["check", "--help"], ""),
        (
            ["check", "--help", "--json"],
            '{"command": "check", "ok": false, "exit_code": 70, "error": '
            f'{{"summary": "{damaged} is damaged", "hint": "copy it here again"}}}}\n',
        ),
    ):
        done = subprocess.run(
            [python, damaged, *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (70, answer)
        assert done.stderr == f"azprov: {damaged} is damaged; copy it here again\n"


def test_the_size_of_the_archive() -> None:
    """The archive is smaller than 3 MiB, and than 750 kB without the bytecode."""
    assert PYZ.stat().st_size < 3 * MIB
    with zipfile.ZipFile(PYZ) as archive:
        others = [i for i in archive.infolist() if not i.filename.startswith("bytecode/")]
    assert sum(info.compress_size for info in others) < 750_000


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_bytecode_of_an_imported_module_is_not_kept(version: str) -> None:
    """Bytecode that was used takes no memory, and the code of such a module is still found."""
    loader = "sys.modules['azprov.errors'].__loader__"

    answer = ask(
        INTERPRETERS[version],
        PYZ,
        f"[{loader}._modules['azprov.errors'][2], {loader}.get_code('azprov.errors').co_name]",
        "--version",
    )

    assert answer == "[b'', '<module>']"
