"""The completions, as each shell gives them that this machine has."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path
from typing import List

import pytest

import needs
from azprov.cli import main
from azprov.cli.commands import COMMANDS
from azprov.rehearsal.scenarios import SCENARIOS
from interpreters import INTERPRETERS
from pyz import PYZ

SHELLS = ["bash", "zsh", "fish"]
# Starting a shell on a machine under load.
PATIENCE_S = 60.0
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

#: What is typed, the last word being completed, and what may stand there instead.
OFFERED = {
    "rehe": ["rehearse"],
    "report-": ["report-failure", "report-ready"],
    "--ver": ["--verbose", "--version"],
    "goal-state --r": ["--raw"],
    "-q report-ready --t": ["--timeout"],
    "report-ready --ro": [],
    "install --init ": ["openrc", "systemd"],
    "install --root": ["--root"],
    "check --json --root ima": ["images/"],
    "provision --ssh-keys roo": ["root"],
    "rehearse --scenario ne": ["network-late"],
    "check --ignore agent-i": ["agent-installed"],
    "check --ignore logs --ignore agent-i": ["agent-installed"],
    "completion ": ["bash", "fish", "zsh"],
    "goal-state --timeout ": [],
}
#: The same where the value is in the option's own word, which for bash it is not.
OFFERED_IN_A_WORD = {
    "rehearse --scenario=netw": ["--scenario=network-late"],
    "install --init=sys": ["--init=systemd"],
    "check --ignore=agent-i": ["--ignore=agent-installed"],
    "check --root=ima": ["--root=images/"],
}


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Where the scripts are, a folder and a file beside them."""
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        (tmp_path / f"azprov.{shell}").write_text(capsys.readouterr().out)
    (tmp_path / "images").mkdir()
    (tmp_path / "image.vhd").touch()
    return tmp_path


def output_of(folder: Path, *command: str) -> List[str]:
    done = subprocess.run(
        command, cwd=folder, env=dict(os.environ, HOME=str(folder)), capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_right_syntax(folder: Path, shell: str) -> None:
    """As the shell itself says."""
    needs.program(shell)

    assert output_of(folder, shell, "-n", f"azprov.{shell}") == []


@pytest.mark.parametrize("typed", OFFERED)
def test_bash_completes(folder: Path, typed: str) -> None:
    """What bash would call, with the words as bash would give them."""
    needs.program("bash")
    words = typed.split(" ")
    script = (
        'source azprov.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_azprov; printf "%s\\n" "${COMPREPLY[@]}"; complete -p azprov azprov.pyz'
    )

    *offered, named, named_as_built = output_of(
        folder, "bash", "--norc", "-c", script, "bash", "azprov", *words
    )

    # bash itself puts the slash to a folder's name.
    expected = [word.rstrip("/") for word in OFFERED[typed]]
    assert sorted(filter(None, offered)) == expected
    assert [named, named_as_built] == [
        "complete -F _azprov azprov",
        "complete -F _azprov azprov.pyz",
    ]


def test_bash_completes_after_an_equals_sign(folder: Path) -> None:
    """Which is a word of its own to bash."""
    needs.program("bash")
    script = 'source azprov.bash; COMP_WORDS=("$@"); COMP_CWORD=4; _azprov; echo "${COMPREPLY[@]}"'

    assert output_of(
        folder,
        *("bash", "--norc", "-c", script, "bash"),
        *("azprov", "install", "--init", "=", "o"),
    ) == ["openrc"]


@pytest.mark.parametrize("typed", [*OFFERED, *OFFERED_IN_A_WORD])
def test_fish_completes(folder: Path, typed: str) -> None:
    """By the builtin that says what would be offered."""
    needs.program("fish")

    offered = output_of(
        folder,
        *("fish", "--no-config", "-c", "source azprov.fish; complete -C $argv[1]"),
        f"azprov.pyz {typed}",
    )

    expected = {**OFFERED, **OFFERED_IN_A_WORD}[typed]
    assert sorted(line.partition("\t")[0] for line in offered) == expected


def test_fish_tells_the_story_of_each_scenario(folder: Path) -> None:
    """As rehearse --list does."""
    needs.program("fish")

    offered = output_of(
        folder,
        *("fish", "--no-config", "-c", "source azprov.fish; complete -C $argv[1]"),
        "azprov rehearse --scenario ",
    )

    assert sorted(offered) == sorted(f"{scenario.name}\t{scenario.story}" for scenario in SCENARIOS)


def test_zsh_completes(folder: Path) -> None:
    """At a terminal, each word with the tab key, where there is one that fits."""
    needs.program("zsh")
    unique = {typed: offered[0] for typed, offered in OFFERED.items() if len(offered) == 1}
    unique.update({typed: offered[0] for typed, offered in OFFERED_IN_A_WORD.items()})
    assert len(unique) > len(OFFERED) / 2
    typist = Typist(folder, *ZSH)

    typist.type("autoload -Uz compinit; compinit -D -u; source azprov.zsh; PS1=READ\\Y:\r")
    typist.type(SHOW_ARGUMENTS)
    for typed, offered in unique.items():
        # zsh takes the slash of a folder away again when the line is entered.
        completed = " ".join([*typed.split(" ")[:-1], offered.rstrip("/")])
        assert f"ARGUMENTS <{completed}>" in typist.type(f"azprov {typed}\t\r")
    typist.end()


ZSH = ["zsh", "-f", "-i"]
SHOW_ARGUMENTS = 'azprov() { printf "%s\\n" "ARGUMENTS <$*>"; }\r'


class Typist:
    """Somebody at a shell on a terminal."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.environ.update(HOME=str(folder), TERM="dumb")
            os.environ.pop("XDG_DATA_HOME", None)
            os.execvp(command[0], command)  # noqa: S606 - the child of a fork

    def type(self, keys: str) -> str:
        """What is shown from these keys on to the next prompt."""
        os.write(self._terminal, keys.encode())
        shown, deadline = "", time.monotonic() + PATIENCE_S
        while not shown.endswith(("READY:", "READY:\x1b[?2004h")):
            left = deadline - time.monotonic()
            assert left > 0, shown
            assert select.select([self._terminal], [], [], left)[0], shown
            shown += os.read(self._terminal, 4096).decode("utf-8", "replace")
        return shown

    def end(self) -> None:
        os.close(self._terminal)
        os.waitpid(self._pid, 0)


def install(folder: Path, shell: str, place: str) -> None:
    """Where the help has it go, below this folder."""
    path = folder / place
    path.parent.mkdir(parents=True)
    (folder / f"azprov.{shell}").rename(path)


def help_text(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", "--help"]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_bash_finds_it_where_the_help_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the two places the one that needs no root."""
    needs.program("bash")
    if not BASH_COMPLETION.exists():
        pytest.skip("needs bash-completion: apt-get install bash-completion")
    place = ".local/share/bash-completion/completions/azprov"
    assert f"from /etc/bash_completion.d/azprov, or for one user from ~/{place}. " in help_text(
        capsys
    )
    install(folder, "bash", place)
    typist = Typist(folder, "bash", "--norc", "-i")

    typist.type(f"source {BASH_COMPLETION}; PS1=READ\\Y:\r")
    typist.type(SHOW_ARGUMENTS)

    assert "ARGUMENTS <rehearse>" in typist.type("azprov rehe\t\r")
    typist.end()


def test_zsh_finds_it_where_the_help_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder of its path of functions."""
    needs.program("zsh")
    assert "from a file _azprov in a folder of $fpath, for example /usr/local/share" in help_text(
        capsys
    )
    install(folder, "zsh", "functions/_azprov")
    typist = Typist(folder, *ZSH)

    typist.type("fpath=(~/functions $fpath); autoload -Uz compinit; compinit -D -u; PS1=READ\\Y:\r")
    typist.type(SHOW_ARGUMENTS)

    assert "ARGUMENTS <rehearse>" in typist.type("azprov rehe\t\r")
    typist.end()


def test_fish_finds_it_where_the_help_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the two places the one that needs no root."""
    needs.program("fish")
    place = ".config/fish/completions/azprov.fish"
    assert f"/etc/fish/completions/azprov.fish, or for one user from ~/{place}. " in help_text(
        capsys
    )
    install(folder, "fish", place)
    # fish looks for completions of commands that there are.
    (folder / "azprov").touch(0o755)
    script = "set -x PATH $PWD $PATH; complete -C 'azprov rehe'"

    offered = output_of(folder, "env", "-u", "XDG_CONFIG_HOME", "fish", "-c", script)

    assert [line.partition("\t")[0] for line in offered] == ["rehearse"]


def test_an_unknown_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The ones that are known are named."""
    assert main(["completion", "tcsh"]) == 2

    assert "'tcsh' (choose from " in capsys.readouterr().err


def test_every_command_is_completed(folder: Path) -> None:
    """In each script."""
    for shell in SHELLS:
        script = (folder / f"azprov.{shell}").read_text()
        assert all(command in script for command in COMMANDS)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_every_python_prints_the_same(folder: Path, version: str) -> None:
    """Of all options and their meanings, whatever its argparse makes of them."""
    printed = output_of(folder, str(INTERPRETERS[version]), str(PYZ), "completion", "zsh")

    assert printed == (folder / "azprov.zsh").read_text().splitlines()
