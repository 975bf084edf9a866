"""PAM's stacks of modules: whether a login can succeed although no user has a password.

Source: pam.conf(5), and pam_handlers.c and pam_dispatch.c of Linux-PAM 1.7, read 2026-11-27.
"""

import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

_SUCCESS = "success"
_DEFAULT = "default"
_IGNORE = "ignore"
_BAD = "bad"
_SIMPLE_CONTROLS = {
    "required": {_SUCCESS: "ok", "new_authtok_reqd": "ok", _IGNORE: _IGNORE, _DEFAULT: _BAD},
    "requisite": {_SUCCESS: "ok", "new_authtok_reqd": "ok", _IGNORE: _IGNORE, _DEFAULT: "die"},
    "sufficient": {_SUCCESS: "done", "new_authtok_reqd": "done", _DEFAULT: _IGNORE},
    "optional": {_SUCCESS: "ok", "new_authtok_reqd": "ok", _DEFAULT: _IGNORE},
}
_INCLUDES = ("include", "substack")
_KINDS = ("auth", "account", "password", "session")
# libpam knows as many, and "default".
_RESULTS = 33
_ACTIONS = (_IGNORE, _BAD, "die", "ok", "done", "reset")
# A module that cannot succeed does not return these either.
_NEVER_IF_FAILING = (_SUCCESS, "new_authtok_reqd", _IGNORE)
# libpam joins a line that ends with a backslash to the next one. Its versions differ in whether
# blanks may follow, and in what an empty line or a comment then does.
_WORD = re.compile(r"\[((?:[^][\\]|\\.)*)\]|([^\s\[]\S*)")
_WORD_OF_CONTROL = re.compile(r"\w+|=|\S")
_JUMP = re.compile("[0-9]{1,2}")


class PamLine(NamedTuple):
    """A line of a stack that decides about passwords. Lines of other kinds are left out."""

    #: From 1.
    number: int
    #: The file or name of the module, or of the included file.
    target: str = ""
    #: The action for each result; None for a line that includes a file.
    actions: Optional[Dict[str, str]] = None
    #: Whether the included lines are a stack of their own.
    is_substack: bool = False
    #: Whether it is unclear how libpam reads the line.
    is_unclear: bool = False


class PamModule(NamedTuple):
    """A module in the stack of a service, with all included files in their place.

    The line that includes a substack comes before the modules of the substack.
    """

    path: str
    line: PamLine
    #: How many substacks it is in.
    level: int = 0


def parse_pam(text: str, service: Optional[str] = None) -> Iterator[PamLine]:
    """The lines for authentication; with `service`, those of that service in pam.conf."""
    for number, line in _joined(text):
        if line is None:
            yield PamLine(number, is_unclear=True)
            continue
        if line.startswith("@include"):
            yield PamLine(number, target=line[len("@include") :].strip())
            continue
        words = _words(line)
        if words is not None and service is not None:
            if words[:1] and words[0].lower() != service:
                continue
            words = words[1:]
        kind = words[0].lower().lstrip("-") if words else ""
        if kind in _KINDS and kind != "auth":
            continue
        yield _line(number, words or [])


def _joined(text: str) -> Iterator["tuple[int, Optional[str]]"]:
    """Each line without comments, and the number of its last line; None if that is unclear."""
    pending: List[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.partition("#")[0]
        is_joined = line.rstrip().endswith("\\")
        if (pending and not line.strip()) or (
            is_joined and (not line.endswith("\\") or line != raw)
        ):
            yield number, None
            pending = []
        elif is_joined:
            pending.append(line[:-1])
        elif line.strip() or pending:
            yield number, " ".join([*pending, line]).strip()
            pending = []


def _words(line: str) -> Optional[List[str]]:
    """The words of a line; brackets keep blanks together. None if a bracket is not closed."""
    words, end = [], 0
    for match in _WORD.finditer(line):
        if line[end : match.start()].strip():
            return None
        end = match.end()
        words.append(match.group(2) or f"[{match.group(1)}]")
    return None if line[end:].strip() else words


def _line(number: int, words: Sequence[str]) -> PamLine:
    unclear = PamLine(number, is_unclear=True)
    if len(words) < 3 or words[0].lower() not in ("auth", "-auth"):
        return unclear
    control, target = words[1].lower(), words[2]
    if target.startswith("["):
        target = target[1:-1]
    if control in _INCLUDES:
        return PamLine(number, target=target, is_substack=control == "substack")
    actions = _SIMPLE_CONTROLS.get(control) or _actions(words[1])
    return unclear if actions is None else PamLine(number, target, actions)


def _actions(control: str) -> Optional[Dict[str, str]]:
    """The actions of a control in brackets; None if libpam may read it in another way."""
    words = _WORD_OF_CONTROL.findall(control[1:-1].lower()) if control.startswith("[") else []
    actions = {_DEFAULT: _BAD}
    for position in range(0, len(words), 3):
        triple = words[position : position + 3]
        if len(triple) != 3 or triple[1] != "=":
            return None
        if triple[2] not in _ACTIONS and not _JUMP.fullmatch(triple[2]):
            return None
        actions[triple[0]] = triple[2]
    return actions if words and len(actions) <= _RESULTS else None


# What libpam has concluded after some modules.
_UNDECIDED, _ACCEPTED, _REFUSED = "undecided", "accepted", "refused"


def find_acceptance(
    stack: Sequence[PamModule], fails: Callable[[PamModule], bool]
) -> Optional[PamModule]:
    """The module by which a stack can accept a login; None if every login fails.

    `fails` says whether a module accepts no one. All other modules may return anything.
    """
    reached: List[Dict[str, Optional[PamModule]]] = [{} for _ in range(len(stack) + 1)]
    reached[0][_UNDECIDED] = None
    for position, module in enumerate(stack):
        if module.line.is_substack:
            for state, reason in reached[position].items():
                reached[position + 1].setdefault(state, reason)
            continue
        for is_success, action in _results(module, can_succeed=not fails(module)):
            following = _target(stack, position, action)
            is_final = action == "done" or following != position + 1
            for state, reason in reached[position].items():
                new = _state_after(state, action, is_success=is_success)
                is_reason = action == "reset" or (is_success and (is_final or reason is None))
                reached[position + 1 if following is None else following].setdefault(
                    _REFUSED if following is None else new, module if is_reason else reason
                )
    return reached[-1].get(_ACCEPTED)


def _results(module: PamModule, *, can_succeed: bool) -> List["tuple[bool, str]"]:
    """The actions that may follow, and whether the module was successful then."""
    actions = module.line.actions or {}
    unlikely = (_SUCCESS,) if can_succeed else _NEVER_IF_FAILING
    found = [(False, action) for name, action in actions.items() if name not in unlikely]
    if can_succeed:
        found.append((True, actions.get(_SUCCESS, actions.get(_DEFAULT, _BAD))))
    return list(dict.fromkeys(found))


def _state_after(state: str, action: str, *, is_success: bool) -> str:
    if action in ("ok", "done"):
        return _ACCEPTED if is_success and state != _REFUSED else _REFUSED
    if action in (_BAD, "die"):
        return _REFUSED
    # A reset may bring back any earlier state.
    return _ACCEPTED if action == "reset" else state


def _target(stack: Sequence[PamModule], position: int, action: str) -> Optional[int]:
    """The module that is next after an action; None for a jump beyond the end."""
    level = stack[position].level
    if action in ("done", "die"):
        return _after_substacks(stack, position + 1, level - 1)
    following = position + 1
    for _ in range(int(action) if _JUMP.fullmatch(action) else 0):
        if following == len(stack) or stack[following].level < level:
            return None
        following = _after_substacks(stack, following + 1, level)
    return following


def _after_substacks(stack: Sequence[PamModule], position: int, level: int) -> int:
    """The first module from a position on that is not in a substack below that level."""
    while position < len(stack) and stack[position].level > level:
        position += 1
    return position
