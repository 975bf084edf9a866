"""/etc/hosts: replacing the machine's own name."""

from ..text import lines_of

# Debian and its derivatives give the machine's own name this address.
_OWN_ADDRESS = b"127.0.1.1"


def replace_own_name(hosts: bytes, name: str) -> bytes:
    """The content of /etc/hosts with this name in each line of 127.0.1.1.

    The first label of a fully qualified name is added after it. Comments and all other
    lines are kept byte for byte, and no line is added.
    """
    names = [name] if "." not in name else [name, name.partition(".")[0]]
    own = _OWN_ADDRESS + b"\t" + " ".join(names).encode("ascii")

    def renamed(line: bytes) -> bytes:
        entry, mark, comment = line.rstrip(b"\r\n").partition(b"#")
        if entry.split()[:1] != [_OWN_ADDRESS]:
            return line
        return own + (b" #" + comment if mark else b"") + line[len(line.rstrip(b"\r\n")) :]

    return b"".join(map(renamed, lines_of(hosts)))
