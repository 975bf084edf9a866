"""nftables: the files that its service loads at boot, nft(8)."""

import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from ....formats.bounds import INCLUDED_FILES, NFTABLES_BYTES, OUTPUT_CHAINS
from ....formats.host.config_syntax import uncommented
from ....formats.patterns import matches
from ..files import TooMuch
from ..image import Image
from .output_rules import BOTH_ADDRESSES, OutputRules

_FILES = (
    "/etc/nftables.conf",
    "/etc/sysconfig/nftables.conf",  # Red Hat
    "/etc/nftables.nft",  # Alpine
    "/var/lib/nftables/rules-save",  # Gentoo
)
_ACCEPT = f"ip daddr {{{BOTH_ADDRESSES}}} tcp dport 80 accept"
# Chains of these families see no IPv4 traffic, or none that the VM itself sends.
_OTHER_FAMILIES = ("ip6", "arp", "bridge", "netdev")
_OUTPUT_HOOK = re.compile(r"\bhook\s+output\b")
_POLICY = re.compile(r"\bpolicy\s+(\w+)")
_DROPS_ALL = re.compile(r"(counter\s+)?(drop|reject\b.*)\Z")
_INCLUDE = re.compile(r"\binclude\s+\"([^\"\n]+)\"")
_ACCEPTS = re.compile(r"\baccept\b")
_JUMPS = re.compile(r"\b(jump|goto|vmap)\b")


class _Chain(NamedTuple):
    """A chain that sees IPv4 traffic. It may be defined in parts."""

    name: str
    content: str


def reads(image: Image) -> Iterator[OutputRules]:
    """The rules of each chain for outgoing traffic."""
    if not image.services.starts("nftables"):
        return
    for main_file in _FILES:
        texts: Dict[str, str] = {}
        text = _with_includes(image, main_file, texts)
        chains = [chain for chain in _chains(text) if _OUTPUT_HOOK.search(chain.content)]
        if len(chains) > OUTPUT_CHAINS:
            raise TooMuch(
                f"{image.shown(main_file)} has more than {OUTPUT_CHAINS} output chains",
                "shorten that file",
            )
        if not chains:
            continue
        path = next((one for one in texts if _OUTPUT_HOOK.search(texts[one])), main_file)
        fix = _fix(image, path)
        anywhere = _accepting(_statements(text))
        added = _added_rules(anywhere)
        for name, content in chains:
            policy = _POLICY.search(content)
            statements = _statements(content)
            drops = policy is not None and policy.group(1) == "drop"
            drops = drops or any(map(_DROPS_ALL.match, statements))
            # If the chain passes traffic to another one, any rule of the file may accept it.
            accepts = anywhere if _JUMPS.search(content) else _accepting(statements)
            yield OutputRules(path, drops, [*accepts, *added.get(name, [])], fix)


def _accepting(statements: List[str]) -> List[str]:
    """The rules that accept traffic, among the statements of a chain or of a file."""
    return [
        rule
        for rule in statements
        if "hook" not in rule and "policy" not in rule and _ACCEPTS.search(rule)
    ]


def _added_rules(rules: List[str]) -> Dict[str, List[str]]:
    """The commands that add a rule to a chain, by the name of that chain.

    After the word rule come a family, which may be missing, a table and the chain.
    """
    found: Dict[str, List[str]] = {}
    for rule in rules:
        before, _, after = rule.partition("rule ")
        if after and not before[-1:].strip():
            for name in after.split(None, 3)[:3]:
                found.setdefault(name, []).append(rule)
    return found


def _statements(text: str) -> List[str]:
    return [statement.strip() for statement in re.split(r"[;\n]", text)]


def _with_includes(image: Image, main_file: str, texts: Dict[str, str]) -> str:
    """A file without comments and with its includes expanded; `texts` gets the text of each.

    A file that is included again is left out. Raises TooMuch.
    """
    parts: List[str] = []
    # Text, or the path of a file, in reverse order.
    left: List[Tuple[str, bool]] = [(main_file, True)]
    includes = size = 0
    while left:
        item, is_path = left.pop()
        if not is_path:
            parts.append(item)
            continue
        if item in texts:
            continue
        lines = uncommented(image.text(item))
        texts[item] = "\n".join(line.partition("#")[0] for line in lines)
        size += len(texts[item])
        # Text and the pattern of an include alternate.
        found: List[Tuple[str, bool]] = []
        for number, piece in enumerate(_INCLUDE.split(texts[item])):
            if number % 2:
                includes += 1
                found += [(path, True) for path in _included(image, piece)]
            else:
                found.append((piece, False))
            if max(includes, len(texts)) > INCLUDED_FILES or size > NFTABLES_BYTES:
                raise TooMuch(
                    f"{image.shown(main_file)} includes more than {INCLUDED_FILES} files or "
                    f"{NFTABLES_BYTES} bytes",
                    "shorten that file",
                )
        left += reversed(found)
    return "\n".join(parts)


def _included(image: Image, pattern: str) -> List[str]:
    """The files that an include matches. Its path may be relative to /etc: nft(8)."""
    folder, _, name = (pattern if pattern.startswith("/") else f"/etc/{pattern}").rpartition("/")
    return [path for path in image.matching(folder) if matches(path.rpartition("/")[2], name)]


def _chains(text: str) -> List[_Chain]:
    """The chains that see IPv4 traffic, each with the content of all its parts."""
    found: Dict[Tuple[str, str], List[str]] = {}
    family = table = name = ""
    depth = start = chain_depth = last = 0
    for match in re.finditer(r"[{}]", text):
        if match.group() == "}":
            depth = max(depth - 1, 0)
            if chain_depth and depth < chain_depth:
                if family not in _OTHER_FAMILIES:
                    found.setdefault((table, name), []).append(text[start : match.start()])
                chain_depth = 0
        else:
            depth += 1
            words = [] if chain_depth else text[last : match.start()].split()
            if words[-2:-1] == ["chain"]:
                name, start, chain_depth = words[-1], match.end(), depth
            elif words[-2:-1] == ["table"]:
                family, table = "", words[-1]
            elif words[-3:-2] == ["table"]:
                family, table = words[-2], words[-1]
        last = match.end()
    return [_Chain(name, "\n".join(parts)) for (_, name), parts in found.items()]


def _fix(image: Image, path: str) -> str:
    lines = [line for line in image.text(path).splitlines() if "hook output" in line]
    if len(lines) == 1 and not lines[0].lstrip().startswith("#") and "}" not in lines[0]:
        return f"sed -i '/hook output/a {_ACCEPT}' {image.typed(path)}"
    return f"add to the chain with hook output in {image.edited(path)}: {_ACCEPT}"
