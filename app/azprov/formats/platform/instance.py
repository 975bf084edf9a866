"""Instance metadata: what the platform's metadata service (IMDS) says of this VM.

Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service,
read 2026-11-22. Every primitive is a string there, also "true" and "false", and
a missing value is an empty one.
"""

import json
import math
import re
from typing import Any, Dict, NamedTuple, Tuple

from ...errors import DocumentError

# Real answers have some hundred values in ten levels. The limits keep a hostile
# megabyte of "{}," from becoming a hundred, and an indented one from becoming 300.
LIMIT_VALUES = 10000
LIMIT_DEPTH = 100
# int() takes 16 s for a megabyte of digits where Python does not refuse them.
_LONGEST_NUMBER = 100
# Longer numbers are refused by int() itself, with a ValueError.
_INDEX = re.compile(r"[0-9]{1,9}\Z")


class Instance(NamedTuple):
    """The facts that a first boot needs; each an empty string where there is none."""

    vm_id: str
    #: The name of the VM's resource, which need not be a host name ("set_0").
    name: str
    #: The host name asked for, from api-version 2020-07-15 on.
    computer_name: str
    #: All of it, as it came.
    document: Dict[str, Any]
    #: From the same version on.
    admin_username: str = ""
    #: What is called a public key there; anything that is no text is an empty one.
    public_keys: Tuple[str, ...] = ()
    #: From 2020-10-01 on.
    is_password_login_disabled: bool = False


def parse_instance(document: bytes) -> Instance:
    """Parse the answer of /metadata/instance in JSON.

    Raises DocumentError if it is not an object with an object `compute`, if one
    of the facts is there and no string, if there is no name at all, or if there
    is more of it than any VM has.
    """
    if sum(map(document.count, (b"{", b"[", b","))) > LIMIT_VALUES:
        raise DocumentError("instance metadata has too many values")
    try:
        whole = json.loads(
            document.decode("utf-8-sig"),
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_fraction,
        )
    except (ValueError, RecursionError) as error:
        raise DocumentError("instance metadata is not JSON") from error
    if _is_too_deep(whole):
        raise DocumentError("instance metadata has too deep values")
    compute = whole.get("compute") if isinstance(whole, dict) else None
    if not isinstance(compute, dict):
        raise DocumentError("instance metadata lacks compute")
    held = compute.get("osProfile")
    profile: Dict[str, Any] = held if isinstance(held, dict) else {}
    instance = Instance(
        vm_id=_text(compute, "vmId"),
        name=_text(compute, "name"),
        computer_name=_text(profile, "computerName"),
        document=whole,
        admin_username=_text(profile, "adminUsername"),
        public_keys=_public_keys(compute.get("publicKeys")),
        is_password_login_disabled=profile.get("disablePasswordAuthentication") in ("true", True),
    )
    if not (instance.name or instance.computer_name):
        raise DocumentError("instance metadata has no name for this VM")
    return instance


def find(instance: Instance, path: str) -> Any:
    """The value at a path such as "compute/name" or "network/interface/0".

    Raises DocumentError if there is none.
    """
    value: Any = instance.document
    for name in path.strip("/").split("/"):
        if isinstance(value, list) and _INDEX.match(name) and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise DocumentError(f"instance metadata lacks {path!a}")
    return value


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("too long a number")
    return int(text)


def _fraction(text: str) -> float:
    """What JSON can hold: no NaN, and nothing that is infinite to Python."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a number of JSON")
    return number


def _is_too_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(LIMIT_DEPTH):
        outer = [held.values() if isinstance(held, dict) else held for held in level]
        level = [inner for held in outer for inner in held if isinstance(inner, (dict, list))]
    return bool(level)


def _text(values: Dict[str, Any], name: str) -> str:
    value = values.get(name) or ""
    if not isinstance(value, str):
        raise DocumentError(f"instance metadata has a {name} that is no text")
    return value


def _public_keys(value: Any) -> Tuple[str, ...]:
    keys = (
        [key.get("keyData") for key in value if isinstance(key, dict)]
        if isinstance(value, list)
        else []
    )
    return tuple(key if isinstance(key, str) else "" for key in keys)
