"""Instance metadata: the description of this VM by the metadata service (IMDS).

Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service,
read 2026-11-22. Every primitive value is a string there, even "true" and "false", and
a missing value is an empty string.
"""

import json
import math
import re
from typing import Any, Dict, NamedTuple, Optional, Tuple

from ...errors import DocumentError, UnusableError
from ..text import from_utf8, is_web_page

# Real replies have some hundred values in ten levels. Without the limits a hostile
# megabyte of "{}," would take a hundred in memory, and an indented one 300.
LIMIT_VALUES = 10000
LIMIT_DEPTH = 100
# How long an unusable value is asked for again. Most likely the deployment itself has it.
_UNUSABLE_S = 5.0
# int() takes 16 s for a megabyte of digits on a Python that does not refuse them.
_LONGEST_NUMBER = 100
# Longer numbers are refused by int() itself, with a ValueError.
_INDEX = re.compile(r"[0-9]{1,9}\Z")


class Instance(NamedTuple):
    """The values that a first boot needs; a missing one is an empty string."""

    vm_id: str
    #: The name of the VM's resource, which may not be a valid host name ("set_0").
    name: str
    #: The host name of the deployment, since api-version 2020-07-15.
    computer_name: str
    #: The whole document, unchanged.
    document: Dict[str, Any]
    #: Since api-version 2020-07-15.
    admin_username: str = ""
    #: The public keys, unchecked, without empty ones; one that is not a string is "" here.
    public_keys: Tuple[str, ...] = ()
    #: Since api-version 2020-10-01; False also if the value is missing.
    is_password_login_disabled: bool = False
    #: Whether the document says that users may log in with a password.
    has_password_login: bool = False
    #: Whether the api-version of the request has osProfile.
    knows_profile: bool = True

    @property
    def is_specialized(self) -> bool:
        """Whether there is no osProfile, so nothing must be provisioned.

        The disk of such a VM was provisioned before: it comes from a specialized image, or
        was restored or attached.
        """
        return self.knows_profile and not (self.computer_name or self.admin_username)


# Ordinary classes: a NamedTuple adds half a million instructions to every cold start.


class Wanted:
    """The values that a caller wants."""

    def __init__(
        self,
        *,
        hostname: bool = False,
        admin_user: bool = False,
        keys: bool = False,
        usable: bool = False,
    ) -> None:
        """With `usable`, a user name or keys that no host can use are missing values too."""
        self.usable = usable
        self.hostname = hostname
        self.admin_user = admin_user
        self.keys = keys


class Gap:
    """A wanted value that an answer lacks."""

    def __init__(
        self,
        what: str,
        *,
        may_stay: bool,
        settles_in_s: float = math.inf,
        flaw: Optional[UnusableError] = None,
    ) -> None:
        """`flaw` is the error of a value that is there, but cannot be used."""
        self.summary = f"the instance metadata lacks {what}"
        self.hint = "see the answer: azprov.pyz metadata compute"
        if flaw is not None:
            self.summary, self.hint = flaw.summary, flaw.hint
        #: Whether a complete answer can lack it too.
        self.may_stay = may_stay
        #: The longest useful time to ask again. It is 0 if the answer explains the gap: the
        #: deployment has a password. Then a second answer is enough.
        self.settles_in_s = settles_in_s


def find_gap(instance: Instance, wanted: Wanted) -> Optional[Gap]:
    """The first wanted value that is missing, although another answer may have it."""
    needs_profile = wanted.hostname or wanted.admin_user
    if instance.is_specialized and (needs_profile or (wanted.keys and not instance.public_keys)):
        return Gap("osProfile", may_stay=True)
    if wanted.admin_user and not instance.admin_username:
        return Gap("the name of the admin user", may_stay=False)
    if wanted.usable and wanted.admin_user:
        gap = _find_unusable_name(instance)
        if gap is not None:
            return gap
    if wanted.keys and not instance.public_keys:
        return Gap(
            "public keys",
            may_stay=not instance.is_password_login_disabled,
            settles_in_s=0.0 if instance.has_password_login else math.inf,
        )
    if wanted.usable and wanted.keys and not _has_usable_key(instance):
        return Gap("a usable SSH public key", may_stay=True, settles_in_s=_UNUSABLE_S)
    if wanted.hostname and instance.knows_profile and not instance.computer_name:
        return Gap("a host name", may_stay=True)
    return None


def _find_unusable_name(instance: Instance) -> Optional[Gap]:
    """The gap of a user name that is not valid: only another deployment can change it."""
    # The step that wants the name imports this module anyway, and so it is with the keys.
    from ..host.passwd import parse_user_name

    try:
        parse_user_name(instance.admin_username)
    except UnusableError as error:
        return Gap("a user name", may_stay=True, settles_in_s=_UNUSABLE_S, flaw=error)
    return None


def _has_usable_key(instance: Instance) -> bool:
    from ..host.ssh_keys import parse_ssh_keys

    return any(parse_ssh_keys(key)[0] for key in instance.public_keys)


def parse_instance(document: bytes) -> Instance:
    """Parse the JSON reply of /metadata/instance.

    Raises DocumentError if it is not an object with an object `compute`, if a value of
    Instance has the wrong type, if both names are missing, or if the document exceeds
    a limit.
    """
    if sum(map(document.count, (b"{", b"[", b","))) > LIMIT_VALUES:
        raise DocumentError("instance metadata has too many values")
    try:
        whole = json.loads(
            from_utf8(document),
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_fraction,
        )
    except (ValueError, RecursionError) as error:
        if is_web_page(document.decode("utf-8", "replace")):
            raise DocumentError("the reply is a web page (HTML), not instance metadata") from error
        raise DocumentError("instance metadata is not JSON") from error
    if _is_too_deep(whole):
        raise DocumentError("instance metadata is nested too deeply")
    compute = whole.get("compute") if isinstance(whole, dict) else None
    if not isinstance(compute, dict):
        raise DocumentError("instance metadata lacks compute")
    held = compute.get("osProfile")
    profile: Dict[str, Any] = held if isinstance(held, dict) else {}
    no_passwords = str(profile.get("disablePasswordAuthentication")).lower()
    instance = Instance(
        vm_id=_text(compute, "vmId"),
        name=_text(compute, "name"),
        computer_name=_text(profile, "computerName"),
        document=whole,
        admin_username=_text(profile, "adminUsername"),
        public_keys=_public_keys(compute.get("publicKeys")),
        is_password_login_disabled=no_passwords == "true",
        has_password_login=no_passwords == "false",
    )
    if not (instance.name or instance.computer_name):
        raise DocumentError("instance metadata has no name for this VM")
    return instance


def find(instance: Instance, path: str) -> Any:
    """The value at a path such as "compute/name" or "network/interface/0".

    Raises DocumentError if there is no such value.
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
    """A number that JSON can represent: neither NaN nor infinite in Python."""
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
        raise DocumentError(f"instance metadata has a {name} that is not a string")
    return value


def _public_keys(value: Any) -> Tuple[str, ...]:
    keys = (
        [key.get("keyData") for key in value if isinstance(key, dict)]
        if isinstance(value, list)
        else []
    )
    given = [key for key in keys if key is not None and str(key).strip()]
    return tuple(key if isinstance(key, str) else "" for key in given)
