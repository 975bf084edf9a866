"""nftables: the files that its service loads at boot, nft(8)."""

import fnmatch
import re
from typing import Dict, Iterator, List, Tuple

from ....formats.host.config_syntax import uncommented
from ..image import Image
from .output_rules import BOTH_ADDRESSES, OutputRules

_FILES = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft")
_MOST_FILES = 50
_ACCEPT = f"ip daddr {{{BOTH_ADDRESSES}}} tcp dport 80 accept"
# Chains of these families see no IPv4 traffic, or none that the VM itself sends.
_OTHER_FAMILIES = ("ip6", "arp", "bridge", "netdev")
_TABLE = re.compile(r"\btable\s+(?:(\w+)\s+)?(\S+)\s*\{")
_CHAIN = re.compile(r"\bchain\s+(\S+)\s*\{")
_OUTPUT_HOOK = re.compile(r"\bhook\s+output\b")
_POLICY = re.compile(r"\bpolicy\s+(\w+)")
_DROPS_ALL = re.compile(r"(counter\s+)?(drop|reject\b.*)\Z")
_INCLUDE = re.compile(r"\binclude\s+\"([^\"\n]+)\"")


def reads(image: Image) -> Iterator[OutputRules]:
    """The rules of each chain for outgoing traffic."""
    if not image.services.starts("nftables"):
        return
    for main_file in _FILES:
        texts: Dict[str, str] = {}
        text = _with_includes(image, main_file, texts)
        for name, chain in _chains(text).items():
            if _OUTPUT_HOOK.search(chain):
                path = next((one for one in texts if _OUTPUT_HOOK.search(texts[one])), main_file)
                policy = _POLICY.search(chain)
                drops = policy is not None and policy.group(1) == "drop"
                drops = drops or any(map(_DROPS_ALL.match, _statements(chain)))
                yield OutputRules(path, drops, _accepting(text, name, chain), _fix(image, path))


def _accepting(text: str, name: str, chain: str) -> List[str]:
    """The rules that accept traffic, in the chain itself and in commands that add rules to it."""
    rules = _statements(chain)
    # If the chain passes traffic to another one, any rule of the file may accept it.
    if re.search(r"\b(jump|goto|vmap)\b", chain):
        rules = _statements(text)
    rules += re.findall(rf"\brule\s[^;\n]*\s{re.escape(name)}\s[^;\n]*", text)
    return [
        rule
        for rule in rules
        if re.search(r"\baccept\b", rule) and "hook" not in rule and "policy" not in rule
    ]


def _statements(text: str) -> List[str]:
    return [statement.strip() for statement in re.split(r"[;\n]", text)]


def _with_includes(image: Image, path: str, texts: Dict[str, str]) -> str:
    """A file without comments and with its includes expanded; `texts` gets the text of each."""
    if path in texts or len(texts) >= _MOST_FILES:
        return ""
    lines = uncommented(image.text(path))
    texts[path] = "\n".join(line.partition("#")[0] for line in lines)
    return _INCLUDE.sub(
        lambda match: "\n".join(
            _with_includes(image, one, texts) for one in _included(image, match.group(1))
        ),
        texts[path],
    )


def _included(image: Image, pattern: str) -> List[str]:
    """The files that an include matches. Its path may be relative to /etc: nft(8)."""
    folder, _, name = (pattern if pattern.startswith("/") else f"/etc/{pattern}").rpartition("/")
    return [
        path
        for path in image.matching(folder)
        if fnmatch.fnmatchcase(path.rpartition("/")[2], name)
    ]


def _chains(text: str) -> Dict[str, str]:
    """The content of each chain that sees IPv4 traffic. A chain may be defined in parts."""
    found: Dict[Tuple[str, str], str] = {}
    for match in _CHAIN.finditer(text):
        tables = _TABLE.findall(text[: match.start()])
        family, table = tables[-1] if tables else ("", "")
        if family in _OTHER_FAMILIES:
            continue
        depth = 1
        for end in range(match.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                key = (table, match.group(1))
                found[key] = f"{found.get(key, '')}{text[match.end() : end]}\n"
                break
    return {name: chain for (_, name), chain in found.items()}


def _fix(image: Image, path: str) -> str:
    lines = [line for line in image.text(path).splitlines() if "hook output" in line]
    if len(lines) == 1 and not lines[0].lstrip().startswith("#") and "}" not in lines[0]:
        return f"sed -i '/hook output/a {_ACCEPT}' {image.typed(path)}"
    return f"add to the chain with hook output in {image.edited(path)}: {_ACCEPT}"
