"""PAM's stacks: how their lines are read, and by which module a login can be accepted."""

from typing import Dict, List, Optional, Tuple

import pytest

from azprov.formats.host.pam import PamLine, PamModule, find_acceptance, parse_pam

REQUIRED = {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"}
SUFFICIENT = {"success": "done", "new_authtok_reqd": "done", "default": "ignore"}
A = PamLine(1, "pam_a.so", REQUIRED)


def unclear(number: int) -> PamLine:
    return PamLine(number, is_unclear=True)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("auth required pam_a.so\n", [A]),
        ("AUTH Required pam_a.so debug # b\n\n", [A]),
        ("-auth required pam_a.so\n", [A]),
        ("auth required [pam_a.so]\n", [A]),
        ("auth \\\n required\\\n pam_a.so\n", [A._replace(number=3)]),
        ("auth sufficient pam_a.so\n", [PamLine(1, "pam_a.so", SUFFICIENT)]),
        ("auth include b\n", [PamLine(1, "b")]),
        ("auth substack b\n", [PamLine(1, "b", is_substack=True)]),
        ("@include b \nauth required pam_a.so", [PamLine(1, "b"), A._replace(number=2)]),
        ("session required b\n-password required b\naccount required b\n", []),
        ("session required b\nauth required pam_a.so\n", [A._replace(number=2)]),
        ("# auth required b\n\nauth required pam_a.so\n", [A._replace(number=3)]),
        ("auth \\ \nauth required pam_a.so\n", [unclear(1), A._replace(number=2)]),
        ("auth \\ # b\nauth required pam_a.so\n", [unclear(1), A._replace(number=2)]),
        ("auth \\\n\nauth required pam_a.so\n", [unclear(2), A._replace(number=3)]),
        ("auth\\\n", [unclear(2)]),
        ("auth required\n", [unclear(1)]),
        ("auth [required pam_a.so\n", [unclear(1)]),
        ("auth required pam_a.so [b\n", [unclear(1)]),
        ("auth needed pam_a.so\n", [unclear(1)]),
        ("other required pam_a.so\n", [unclear(1)]),
    ],
)
def test_the_lines_of_a_stack_are_read(text: str, lines: List[PamLine]) -> None:
    """Only lines for authentication count; one that can be read in two ways is unclear."""
    assert list(parse_pam(text)) == lines


def test_the_lines_of_a_service_in_pam_conf_are_read() -> None:
    """Each line begins with a service, in any case; an unclear line may be of any service."""
    text = (
        "su auth required pam_a.so\n"
        "SSHD auth required pam_a.so\n"
        "sshd session required pam_a.so\n"
        "auth required pam_a.so\n"
        "sshd [a\n"
        "sshd auth include b\n"
        "sshd\n"
    )

    assert list(parse_pam(text, "sshd")) == [
        A._replace(number=2),
        unclear(5),
        PamLine(6, "b"),
        unclear(7),
    ]


@pytest.mark.parametrize(
    ("control", "actions"),
    [
        ("[success=ok]", {"default": "bad", "success": "ok"}),
        ("[Success = 2 default=DIE]", {"default": "die", "success": "2"}),
        ("[a=ignore b=bad c=done d=reset e=99]", {
            "default": "bad", "a": "ignore", "b": "bad", "c": "done", "d": "reset", "e": "99",
        }),
        ("[]", None),
        ("[success]", None),
        ("[success=]", None),
        ("[success:ok]", None),
        ("[success=100]", None),
        ("[success=okay]", None),
        ("[success=ok default]", None),
        ("success=ok", None),
    ],
)  # fmt: skip
def test_the_actions_in_brackets_are_read(control: str, actions: Optional[Dict[str, str]]) -> None:
    """Results that are not named have the action bad, unless `default` names another one."""
    (line,) = parse_pam(f"auth {control} pam_a.so\n")

    assert line == (unclear(1) if actions is None else PamLine(1, "pam_a.so", actions))


@pytest.mark.parametrize(("count", "is_read"), [(32, True), (33, False)])
def test_the_results_in_brackets_are_bounded(count: int, is_read: bool) -> None:
    """libpam knows no more results."""
    words = " ".join(f"r{number}=ok" for number in range(count))

    (line,) = parse_pam(f"auth [{words}] pam_a.so\n")

    assert line.is_unclear is not is_read


def stack_of(text: str) -> List[PamModule]:
    """A stack of one line for each module; those that are indented are in a substack."""
    stack = []
    for raw in text.splitlines():
        (line,) = parse_pam(f"auth {raw.strip()}\n")
        stack.append(PamModule("", line, (len(raw) - len(raw.lstrip())) // 2))
    return stack


def acceptance_of(text: str) -> str:
    """The module that accepts; those with a name of capitals accept no one."""
    found = find_acceptance(stack_of(text), lambda module: module.line.target.isupper())
    return "" if found is None else found.line.target


#: A stack, and the module by which it can accept a login.
STACKS: List[Tuple[str, str]] = [
    ("", ""),
    ("required a", "a"),
    ("required A", ""),
    ("optional a", "a"),
    ("optional A", ""),
    ("required A\nrequired b", ""),
    ("required a\nrequired B", ""),
    ("requisite A\nsufficient b", ""),
    ("required A\nsufficient b", ""),
    ("optional A\nrequired b", "b"),
    ("sufficient A\nrequired b", "b"),
    ("sufficient a\nrequired B", "a"),
    ("sufficient A\nsufficient B", ""),
    ("required a\nrequired b", "a"),
    ("required a\nsufficient b\nrequired C", "b"),
    ("[default=ignore] a\nrequired B", ""),
    ("[default=done] A", ""),
    ("[default=done] a", "a"),
    ("[default=ok] A\nrequired b", ""),
    ("[default=reset] A\nrequired B", ""),
    ("[default=reset] A", "A"),
    ("required A\n[default=reset] b\noptional c", "b"),
    ("[success=1 default=ignore] A\nrequisite B\nrequired c", ""),
    ("[success=1 default=ignore] a\nrequisite B\nrequired c", "a"),
    ("[success=2 default=ignore] a\nrequisite B\nrequired c", ""),
    ("[success=2 default=ignore] a\nrequisite B\nrequired C\nrequired d", "a"),
    ("[success=1 default=bad] a\nrequired B", ""),
    ("[success=3 default=bad] a\nrequired b", ""),
    ("[success=0 default=bad] a\nrequired b", "a"),
    ("required a\n[success=1 default=ignore] b\nrequisite C\nrequired d", "b"),
    ("required a\nsufficient b\nrequired c", "b"),
    ("substack x\n  sufficient a\n  required B\nrequired C", ""),
    ("substack x\n  sufficient a\n  required B\nrequired c", "a"),
    ("substack x\n  sufficient a\n  required B", "a"),
    ("substack x\n  requisite A\n  required b\nsufficient c", ""),
    ("substack x\n  [default=die] A\nrequired b", ""),
    ("[success=1 default=ignore] a\nsubstack x\n  requisite B\nrequired c", "a"),
    ("[success=1 default=ignore] a\nsubstack x\n  requisite B\n  requisite C\nrequired D", ""),
    ("substack x\n  [success=1 default=die] a\nrequired b", ""),
    ("substack x\n  [success=1 default=die] a\n  requisite B\nrequired c", "a"),
    ("substack x\n  substack y\n    sufficient a\n    required B\n  required C\nrequired d", ""),
    ("substack x\n  substack y\n    sufficient a\n    required B\n  required c\nrequired d", "a"),
]


@pytest.mark.parametrize(("text", "accepted_by"), STACKS)
def test_the_module_that_can_accept_a_login_is_found(text: str, accepted_by: str) -> None:
    """Modules in capitals fail always, and all others may return anything."""
    assert acceptance_of(text) == accepted_by
