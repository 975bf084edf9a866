"""azprov's verdict on stacks of PAM is libpam's own, or a more careful one."""

import ctypes
import random
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p
from pathlib import Path
from typing import Dict, List

import pytest

import needs
from azprov.image.leftovers.logins_by_pam import find_in_pam
from azprov.system.root import Root

pytestmark = pytest.mark.needs("getent")

_STACKS = 300
_ACTIONS = ("ok", "done", "bad", "die", "ignore", "reset", "0", "1", "2", "3")
_RESULTS = ("success", "default", "auth_err", "ignore", "perm_denied")
_CALLBACK = CFUNCTYPE(c_int, c_int, c_void_p, c_void_p, c_void_p)


class _Conversation(Structure):
    _fields_ = (("function", _CALLBACK), ("data", c_void_p))


# pam_permit and pam_deny ask nothing.
_NO_ANSWER = _CALLBACK(lambda *_: 1)


def accepts(folder: Path) -> bool:
    """Whether libpam accepts a login by the service sshd in a folder of stacks."""
    pam = ctypes.CDLL("libpam.so.0")
    handle, conversation = c_void_p(), _Conversation(_NO_ANSWER, None)
    start = pam.pam_start_confdir
    start.argtypes = (c_char_p, c_char_p, POINTER(_Conversation), c_char_p, POINTER(c_void_p))
    started = start(b"sshd", b"root", byref(conversation), str(folder).encode(), byref(handle))
    assert started == 0
    result: int = pam.pam_authenticate(handle, 0)
    pam.pam_end(handle, result)
    return result == 0


def _stack(rng: random.Random, included: List[str]) -> str:
    lines = []
    for _ in range(rng.randint(1, 6)):
        if included and rng.random() < 0.3:
            lines.append(f"auth {rng.choice(['include', 'substack'])} {rng.choice(included)}\n")
            continue
        control = rng.choice(["required", "requisite", "sufficient", "optional", "", ""])
        if not control:
            names = rng.sample(_RESULTS, rng.randint(1, 4))
            control = f"[{' '.join(f'{name}={rng.choice(_ACTIONS)}' for name in names)}]"
        lines.append(f"auth {control} {rng.choice(['pam_permit.so', *['pam_deny.so'] * 2])}\n")
    return "".join(lines)


def _files(rng: random.Random) -> Dict[str, str]:
    return {
        "a": _stack(rng, []),
        "b": _stack(rng, ["FOLDER/a"]),
        "sshd": _stack(rng, ["FOLDER/a", "FOLDER/b"]),
        "other": "auth required pam_deny.so\n",
    }


def test_each_stack_that_libpam_accepts_is_named(tmp_path: Path) -> None:
    """Random stacks of pam_permit and pam_deny: libpam never accepts one that is not named.

    The seed is fixed. azprov names more of them, because it does not know what modules return.
    """
    needs.library("libpam.so.0", "libpam0g")
    rng = random.Random(22)  # noqa: S311 - not a secret
    accepted = []
    for number in range(_STACKS):
        folder = tmp_path / str(number) / "etc/pam.d"
        folder.mkdir(parents=True)
        real = tmp_path / f"{number}-real"
        real.mkdir()
        for name, text in _files(rng).items():
            # With pam_start_confdir, libpam 1.5 looks for included files in /etc.
            (real / name).write_text(text.replace("FOLDER", str(real)))
            (folder / name).write_text(text.replace("FOLDER", "/etc/pam.d"))
        if accepts(real):
            accepted.append((number, list(find_in_pam(Root(str(tmp_path / str(number)))))))

    assert len(accepted) > 20
    assert [number for number, logins in accepted if not logins] == []
