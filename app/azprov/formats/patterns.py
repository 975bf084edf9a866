"""Names and patterns with *, ? and [...], as in glob(7).

fnmatch is not used: before Python 3.9, its time grows exponentially with the number of stars.
"""

from typing import List, Optional, Tuple

#: NAME_MAX of Linux. A longer name or pattern matches nothing, so one match has a bound.
_LONGEST = 255

# None for any character; otherwise the characters, and whether they are the ones excluded.
_Token = Optional[Tuple[str, bool]]


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern covers a whole name. Upper and lower case differ."""
    if len(name) > _LONGEST or len(pattern) > _LONGEST:
        return False
    if not is_pattern(pattern):
        return name == pattern
    if pattern[0] not in "*?[" and pattern[0] != name[:1]:
        return False
    # Between stars the first match is as good as any later one. So only the last star is
    # tried at other positions.
    at = used = 0
    star: Optional[int] = None
    retry = 0
    tokens = _tokens(pattern)
    while at < len(name):
        if used < len(tokens) and tokens[used] is _STAR:
            star, retry = used, at
            used += 1
        elif used < len(tokens) and _accepts(tokens[used], name[at]):
            at, used = at + 1, used + 1
        elif star is not None:
            retry += 1
            at, used = retry, star + 1
        else:
            return False
    return all(token is _STAR for token in tokens[used:])


def is_pattern(text: str) -> bool:
    """Whether a text has a character that is special in a pattern."""
    return "*" in text or "?" in text or "[" in text


_STAR: _Token = ("*", True)


def _tokens(pattern: str) -> List[_Token]:
    tokens: List[_Token] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        # A bracket that comes first is one of the characters, and not the end.
        end = pattern.find("]", at + (3 if pattern[at + 1 : at + 2] == "!" else 2))
        if character == "[" and end > at:
            body = pattern[at + 1 : end]
            is_negated = body.startswith("!")
            tokens.append((_expanded(body[1:] if is_negated else body), is_negated))
            at = end
        elif character == "*":
            tokens.append(_STAR)
        else:
            tokens.append(None if character == "?" else (character, False))
        at += 1
    return tokens


def _expanded(body: str) -> str:
    """The characters between brackets, with the ASCII characters of each range."""
    found = ""
    at = 0
    while at < len(body):
        if body[at + 1 : at + 2] == "-" and at + 2 < len(body):
            found += "".join(map(chr, range(ord(body[at]), min(ord(body[at + 2]), 127) + 1)))
            at += 3
        else:
            found += body[at]
            at += 1
    return found


def _accepts(token: _Token, character: str) -> bool:
    if token is None:
        return True
    characters, is_negated = token
    return (character in characters) is not is_negated
