"""A command that azprov prints acts inside the root, and is the command that was meant.

A path from an image may lead over a link to this machine's files, and it may contain a
character that ends a word or a command. `typed`, `shell_word` and the functions that use them
are the only ways to put a path or a name into a command.
"""

import ast
import re
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

APP = Path(__file__).parents[2] / "app" / "azprov"
MODULES = sorted(APP.rglob("*.py"))

#: The programs of commands that are printed, where a word follows, and a word after "run".
_COMMAND = re.compile(
    r"(?:^|[ (])(?:run (?!as |on |it )|(?:run )?(?:chage|chattr|chgrp|chmod|chown|chpasswd|chroot|"
    r"cp|dhclient|dhcpcd|dracut|echo|ip|ln|mkdir|mkinitfs|mv|nmcli|printf|rm|rmdir|sed|systemctl|"
    r"sfdisk|qemu-img|mount(?= -o)|tee|touch|truncate|udhcpc|umount|update-initramfs|useradd|"
    r"userdel|usermod)(?= [-{.'/a-z+]))"
)
#: Functions that give one word of a command, or a whole command.
_SAFE = {
    "_change", "_mount_command", "azprov", "convert_to_vhd", "file_argument", "inside",
    "install_again", "run", "shell_change", "shell_word", "typed",
}  # fmt: skip

#: Module and value, each with the reason why it is no text from an image or from a user.
ALLOWED = {
    # Addresses and kinds of routes, as this machine's kernel lists them.
    ("azure/diagnosis.py", "address"),
    ("azure/diagnosis.py", "kind"),
    ("azure/diagnosis.py", "destination"),
    # eth0, or a name of letters, digits, dots, dashes and underscores.
    ("check/facts/network/ifcfg.py", "text"),
    ("check/facts/network/ifupdown.py", "nic"),
    ("check/facts/network/netctl.py", "nic"),
    ("check/facts/network/netifrc.py", "name"),
    ("check/facts/network/netifrc.py", "command"),
    ("check/facts/network/netplan.py", "text"),
    ("check/facts/network/networkd.py", "nic"),
    # Numbers, and the command that started azprov.
    ("check/rules/disk_tree.py", "offset"),
    ("check/rules/disk_tree.py", "size"),
    ("check/rules/partition_table.py", "size"),
    ("check/rules/disk_tree.py", "disk.program"),
    # A reason, after the command.
    ("system/logins.py", "home"),
    # Constants.
    ("check/facts/firewall/ufw.py", "line"),
    ("check/facts/network/networkd.py", "new_mode"),
    ("check/rules/disk_format.py", "name"),
    ("check/rules/init_system.py", "target"),
    ("image/leftovers/logins_in_initramfs.py", "command"),
    # A word, and a whole command of such words.
    ("check/rules/homes.py", "path"),
    ("check/rules/init_system.py", "link"),
    ("formats/text.py", "octal"),
    ("system/root/file_errors.py", "error.path"),
    ("system/typed_paths.py", "command"),
}


def text_and_values(node: ast.JoinedStr) -> Tuple[str, List[Tuple[int, ast.expr]]]:
    """The text with {} for each value, and each value with its position."""
    text, values = "", []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            values.append((len(text), part.value))
            text += "{}"
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return text, values


def is_safe(value: ast.expr, names: Dict[str, List[ast.expr]]) -> bool:
    """Whether a value is the result of a safe function, or a name of nothing else."""
    if isinstance(value, ast.Call):
        function = value.func
        name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
        if name == "map":
            return ast.unparse(value.args[0]) in _SAFE
        return name in _SAFE or (name == "join" and is_safe(value.args[0], names))
    if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
        return is_safe(value.elt, names)
    if isinstance(value, ast.IfExp):
        return is_safe(value.body, names) and is_safe(value.orelse, names)
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Name):
        return value.id.isupper() or (
            value.id in names and all(is_safe(one, names) for one in names[value.id])
        )
    return False


def unsafe_values(tree: ast.Module) -> Iterator[Tuple[int, str]]:
    """The line and the text of each value in a command that may be anything."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names: Dict[str, List[ast.expr]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr):
                text, values = text_and_values(node)
                command = _COMMAND.search(text)
                for at, value in values if command else ():
                    if command and at >= command.start() and not is_safe(value, names):
                        yield node.lineno, ast.unparse(value)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_a_command_has_only_words_that_were_made_for_a_shell(path: Path) -> None:
    """Each exception has its reason in ALLOWED; the failure names the line and the value."""
    module = str(path.relative_to(APP))

    for line, value in unsafe_values(ast.parse(path.read_text())):
        assert (module, value) in ALLOWED, f"{module}:{line} puts {value} into a command"


def test_each_exception_is_still_needed() -> None:
    """An exception for code that is gone would allow new code."""
    for module, value in ALLOWED:
        tree = ast.parse((APP / module).read_text())
        assert value in {one for _, one in unsafe_values(tree)}, (module, value)


def test_paths_and_names_in_commands_are_found() -> None:
    """A path that is only printable is found, by whatever name and in whatever part of a hint."""
    source = """
def hints(root, path, name, is_live):
    shown = root.outside(path)
    word = shell_word(name)
    both = word if is_live else shown
    yield f"run chmod a+r {root.outside(path)}"
    yield f"if no one needs it, run chown root: {shown}"
    yield f"run chroot {word} usermod --shell /bin/sh {name}"
    yield f"ln -sfn {word} {both}"
    yield f"there is no {shown}; run chmod a+r {typed(root, path)} {word}"
    yield f"could not remove {shown}"
"""

    assert list(unsafe_values(ast.parse(source))) == [
        (6, "root.outside(path)"),
        (7, "shown"),
        (8, "name"),
        (9, "both"),
    ]
