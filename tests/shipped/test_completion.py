"""The completions that each shell offers, in the shells that this machine has."""

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
# Starting a shell can take this long on a machine under load.
PATIENCE_S = 60.0
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

#: The typed words, the last of which is completed, and the words that are offered for it.
OFFERED = {
    "rehe": ["rehearse"],
    "report-": ["report-failure", "report-ready"],
    "--ver": ["--verbose", "--version"],
    "goal-state --r": ["--raw"],
    "-q report-ready --t": ["--timeout"],
    "report-ready --ro": [],
    "install --init ": ["busybox", "dinit", "openrc", "runit", "s6", "systemd", "sysvinit"],
    "install --root": ["--root"],
    "check --json --root ima": ["images/"],
    "check --image image.": ["image.vhd"],
    "provision --ssh-keys roo": ["root"],
    "rehearse --scenario ne": ["network-late"],
    "check --ignore agent-i": ["agent-installed"],
    "check --ignore logs --ignore agent-i": ["agent-installed"],
    "completion ": ["bash", "fish", "zsh"],
    "goal-state --timeout ": [],
}
#: The same for a value after an equals sign, which bash splits from the option.
OFFERED_IN_A_WORD = {
    "rehearse --scenario=netw": ["--scenario=network-late"],
    "install --init=syst": ["--init=systemd"],
    "check --ignore=agent-i": ["--ignore=agent-installed"],
    "check --root=ima": ["--root=images/"],
}


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the script of each shell, a folder and a file."""
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        (tmp_path / f"azprov.{shell}").write_text(capsys.readouterr().out)
    (tmp_path / "images").mkdir()
    (tmp_path / "image.vhd").touch()
    return tmp_path


def output_of(folder: Path, command: List[str]) -> List[str]:
    done = subprocess.run(
        command, cwd=folder, env=dict(os.environ, HOME=str(folder)), capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_has_correct_syntax(folder: Path, shell: str) -> None:
    """The shell itself checks the script's syntax without running it."""
    needs.program(shell)

    assert output_of(folder, [shell, "-n", f"azprov.{shell}"]) == []


@pytest.mark.parametrize("typed", OFFERED)
def test_bash_completes(folder: Path, typed: str) -> None:
    """The function gets the words as bash would give them, and offers the expected ones."""
    needs.program("bash")
    words = typed.split(" ")
    script = (
        'source azprov.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_azprov; printf "%s\\n" "${COMPREPLY[@]}"; complete -p azprov azprov.pyz'
    )

    *offered, named, named_as_built = output_of(
        folder, ["bash", "--norc", "-c", script, "bash", "azprov", *words]
    )

    # bash itself appends the slash to the name of a folder.
    expected = [word.rstrip("/") for word in OFFERED[typed]]
    assert sorted(filter(None, offered)) == expected
    assert [named, named_as_built] == [
        "complete -F _azprov azprov",
        "complete -F _azprov azprov.pyz",
    ]


def test_bash_completes_after_an_equals_sign(folder: Path) -> None:
    """bash passes the equals sign as a word of its own, and the value is still completed."""
    needs.program("bash")
    script = 'source azprov.bash; COMP_WORDS=("$@"); COMP_CWORD=4; _azprov; echo "${COMPREPLY[@]}"'

    words = ["azprov", "install", "--init", "=", "o"]
    offered = output_of(folder, ["bash", "--norc", "-c", script, "bash", *words])

    assert offered == ["openrc"]


#: Takes a command line, and prints the words that fish would offer for its last word.
FISH = ["fish", "--no-config", "-c", "source azprov.fish; complete -C $argv[1]"]


@pytest.mark.parametrize("typed", [*OFFERED, *OFFERED_IN_A_WORD])
def test_fish_completes(folder: Path, typed: str) -> None:
    """fish's own `complete -C` shows the words that are offered."""
    needs.program("fish")

    offered = output_of(folder, [*FISH, f"azprov.pyz {typed}"])

    expected = {**OFFERED, **OFFERED_IN_A_WORD}[typed]
    assert sorted(line.partition("\t")[0] for line in offered) == expected


def test_fish_shows_the_story_of_each_scenario(folder: Path) -> None:
    """fish shows the same text beside a scenario as `rehearse --list`."""
    needs.program("fish")

    offered = output_of(folder, [*FISH, "azprov rehearse --scenario "])

    assert sorted(offered) == sorted(f"{scenario.name}\t{scenario.story}" for scenario in SCENARIOS)


def test_zsh_completes(folder: Path) -> None:
    """On a terminal, the tab key completes each word for which only one word is possible."""
    needs.program("zsh")
    unique = {typed: offered[0] for typed, offered in OFFERED.items() if len(offered) == 1}
    unique.update({typed: offered[0] for typed, offered in OFFERED_IN_A_WORD.items()})
    assert len(unique) > len(OFFERED) / 2
    typist = Typist(folder, *ZSH)

    typist.type("autoload -Uz compinit; compinit -D -u; source azprov.zsh; PS1=READ\\Y:\r")
    typist.type(SHOW_ARGUMENTS)
    for typed, offered in unique.items():
        # zsh removes the slash of a folder when the line is entered.
        completed = " ".join([*typed.split(" ")[:-1], offered.rstrip("/")])
        assert f"ARGUMENTS <{completed}>" in typist.type(f"azprov {typed}\t\r")
    typist.end()


ZSH = ["zsh", "-f", "-i"]
SHOW_ARGUMENTS = 'azprov() { printf "%s\\n" "ARGUMENTS <$*>"; }\r'


class Typist:
    """A user who types into a shell on a terminal."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.environ.update(HOME=str(folder), TERM="dumb")
            os.environ.pop("XDG_DATA_HOME", None)
            os.execvp(command[0], command)  # noqa: S606 - the child of a fork

    def type(self, keys: str) -> str:
        """The output from these keys to the next prompt."""
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


def install(folder: Path, shell: str, file: str) -> None:
    """Move the script to where the help says, below this folder as the home."""
    path = folder / file
    path.parent.mkdir(parents=True)
    (folder / f"azprov.{shell}").rename(path)


def help_text(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", "--help"]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_bash_finds_it_where_the_help_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """bash loads the script from the file that the help names for one user."""
    needs.program("bash")
    if not BASH_COMPLETION.exists():
        pytest.skip("needs bash-completion: apt-get install bash-completion")
    file = ".local/share/bash-completion/completions/azprov"
    assert f"from /etc/bash_completion.d/azprov, or for one user from ~/{file}. " in help_text(
        capsys
    )
    install(folder, "bash", file)
    typist = Typist(folder, "bash", "--norc", "-i")

    typist.type(f"source {BASH_COMPLETION}; PS1=READ\\Y:\r")
    typist.type(SHOW_ARGUMENTS)

    assert "ARGUMENTS <rehearse>" in typist.type("azprov rehe\t\r")
    typist.end()


def test_zsh_finds_it_where_the_help_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """zsh loads the script from a folder in $fpath, as the help says."""
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
    """fish loads the script from the file that the help names for one user."""
    needs.program("fish")
    file = ".config/fish/completions/azprov.fish"
    assert f"/etc/fish/completions/azprov.fish, or for one user from ~/{file}. " in help_text(
        capsys
    )
    install(folder, "fish", file)
    # fish only looks for completions of commands that exist.
    (folder / "azprov").touch(0o755)
    script = "set -x PATH $PWD $PATH; complete -C 'azprov rehe'"

    offered = output_of(folder, ["env", "-u", "XDG_CONFIG_HOME", "fish", "-c", script])

    assert [line.partition("\t")[0] for line in offered] == ["rehearse"]


def test_an_unknown_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The message lists the shells that azprov knows."""
    assert main(["completion", "tcsh"]) == 2

    assert "'tcsh' (choose from " in capsys.readouterr().err


def test_every_command_is_completed(folder: Path) -> None:
    """The script of each shell has every command."""
    for shell in SHELLS:
        script = (folder / f"azprov.{shell}").read_text()
        assert all(command in script for command in COMMANDS)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_every_python_prints_the_same_script(folder: Path, version: str) -> None:
    """The script does not depend on the version of Python and its argparse."""
    printed = output_of(folder, [str(INTERPRETERS[version]), str(PYZ), "completion", "zsh"])

    assert printed == (folder / "azprov.zsh").read_text().splitlines()
