"""The fault matrix: every row of it, by name."""

from typing import Dict, Iterator, List

from faults.documents import GOAL_STATES, INSTANCES, MADE, NAMES, Make
from faults.row import (
    GOAL_STATE,
    GOOD,
    INSTANCE,
    READY,
    SERVER_HINT,
    SHOWN,
    End,
    Row,
    answer,
    given_up,
    http,
    refused,
    script,
)
from faults.server import Act, Exchange
from faults.statuses import LONG_RETRY_AFTER, RETRY_AFTER, STATUSES, walks, with_status
from faults.wire import FAULTS, SLOW, Fault

REPORT = ("report-ready", "--timeout=1.2")
METADATA = ("metadata", "--imds-timeout=1.2")
# Room for a process on a busy machine; without a bound there would be no end at all.
_BUSY_S = 15.0
# For both: one or two attempts.
_LASTING_S = 1.2 + _BUSY_S
# A first pause.
_PASSING_S = 1.0 + _BUSY_S

_HEALTHY = answer(http(GOAL_STATE))

_NOBODY = (
    "check that ADDRESS is the platform's address, and that no firewall rejects TCP port 20080"
)
_SILENCE = (
    "check that no firewall drops TCP port 20080 to ADDRESS, that the gateway answers, "
    "and that the route uses the first network interface"
)
REFUSED = given_up(69, "SERVER cannot be reached (Connection refused)", _NOBODY)
DEAF = given_up(69, "SERVER cannot be reached (no reply to connection attempts)", _SILENCE)


def _lasting(name: str, fault: Fault) -> Iterator[Row]:
    """Every request of a kind gets the fault, to the deadline."""
    bad, ends = fault.wrap, fault.ends
    served = script([bad(GOAL_STATE)])
    yield Row(f"goal state, {name}", REPORT, served, ends.goal_state, _LASTING_S, 0)
    if ends.health != READY:
        served = script(health=[bad(b"taken")])
        yield Row(f"health, {name}", REPORT, served, ends.health, _LASTING_S)
    served = script(metadata=[bad(INSTANCE)])
    yield Row(f"metadata, {name}", METADATA, served, ends.metadata, _LASTING_S)


def _passing(name: str, fault: Fault) -> Row:
    """The first request of each kind gets the fault, the next ones are well."""
    bad = fault.wrap
    return Row(
        f"once, {name}",
        ("provision", "--root=ROOT", "--timeout=60", "--imds-timeout=20"),
        script(
            [bad(GOAL_STATE), _HEALTHY],
            [bad(b"taken"), answer(http())],
            [bad(INSTANCE), answer(http(INSTANCE))],
        ),
        READY,
        3.0 + _BUSY_S,
    )


def _passing_slowly(name: str, fault: Fault) -> Iterator[Row]:
    """A request is given 10 s, a report 30 s, and the next one is well."""
    command = ("report-ready", "--timeout=90")
    goal_state = script([fault.wrap(GOAL_STATE), _HEALTHY])
    yield Row(f"goal state once, {name}", command, goal_state, READY, 11.0 + _BUSY_S, 1)
    health = script(health=[fault.wrap(b"taken"), answer(http())])
    yield Row(f"health once, {name}", command, health, READY, 31.0 + _BUSY_S)
    yield Row(
        f"metadata once, {name}",
        ("metadata", "--imds-timeout=90"),
        script(metadata=[fault.wrap(INSTANCE), answer(http(INSTANCE))]),
        SHOWN,
        31.0 + _BUSY_S,
    )


def _wire() -> Iterator[Row]:
    for name, fault in FAULTS.items():
        if fault.ends != GOOD:
            yield from _lasting(name, fault)
        # A megabyte of chunks of a byte takes a processor seconds, three times.
        if name in SLOW or name == "100 MB of chunks of a byte":
            continue
        yield _passing(name, fault)
    for name, fault in SLOW.items():
        if fault.ends.health == READY:
            served = script(health=[fault.wrap(b"taken")])
            yield Row(f"health, {name}", REPORT, served, READY, _LASTING_S, 1)
    for name in ("no answer", "drips its body"):
        yield from _passing_slowly(name, SLOW[name])


def _statuses() -> Iterator[Row]:
    for status, act, ends in STATUSES:
        name = f"status {status}"
        yield Row(f"goal state, {name}", REPORT, script([act]), ends.goal_state, _LASTING_S, 0)
        yield Row(f"health, {name}", REPORT, script(health=[act]), ends.health, _LASTING_S)
        yield Row(f"metadata, {name}", METADATA, script(metadata=[act]), ends.metadata, _LASTING_S)
    for name, head in RETRY_AFTER.items():
        busy = with_status("503 Busy", head)
        yield Row(
            f"once, Retry-After {name}",
            ("report-ready", "--timeout=60"),
            script([busy, _HEALTHY], [busy, answer(http())]),
            READY,
            1.0 + _PASSING_S,
            2,
        )
    for name, head in LONG_RETRY_AFTER.items():
        busy = with_status("429 Busy", head)
        yield Row(
            f"once, Retry-After {name}",
            ("report-ready", "--timeout=4"),
            script([busy, _HEALTHY]),
            READY,
            3.0 + _BUSY_S,
            1,
            ("retrying in N s",),
        )
    yield from walks()


def _made(make: Make) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(http(make(exchange.address, exchange.platform.pipe)))

    return act


def _documents() -> Iterator[Row]:
    for name, (goal_state, end) in GOAL_STATES.items():
        posts = 1 if end == READY else 0
        served = script([answer(http(goal_state))])
        yield Row(f"goal state, {name}", REPORT, served, end, _LASTING_S, posts)
    for name, (make, end) in MADE.items():
        posts = 1 if end == READY else 0
        yield Row(f"goal state, {name}", REPORT, script([_made(make)]), end, _LASTING_S, posts)
    for name, (instance, end) in INSTANCES.items():
        served = script(metadata=[answer(http(instance))])
        yield Row(f"metadata, {name}", METADATA, served, end, _LASTING_S)
    for name, (computer_name, end) in NAMES.items():
        instance = INSTANCE.replace(b"web01-host", computer_name.encode())
        served = script(metadata=[answer(http(instance))])
        yield Row(f"name, {name}", ("set-hostname", "--root=ROOT"), served, end, _LASTING_S)
    for name in ("HTML", "a MiB of lists"):
        served = script(metadata=[answer(http(INSTANCES[name][0]))])
        end = INSTANCES[name][1]
        set_hostname = ("set-hostname", "--root=ROOT", "--imds-timeout=1.2")
        yield Row(f"set-hostname, {name}", set_hostname, served, end, _LASTING_S)
        # A host name that cannot be had never keeps Ready from being sent.
        ready = End(76, end.line.replace("azprov: ", "azprov: Ready was acknowledged, but "))
        provision = ("provision", "--root=ROOT", "--imds-timeout=1.2", "--timeout=20")
        yield Row(f"provision, {name}", provision, served, ready, 1.2 + _LASTING_S, 1)


ROWS: Dict[str, Row] = {}


def _busy_and_hanging(exchange: Exchange) -> None:
    exchange.read()
    exchange.send(http(b"more", status="503 Busy")[:-4])
    exchange.hold()


# Before the answer, for the client is quick to connect again.
def _refusing(exchange: Exchange) -> None:
    exchange.platform.refuse()
    _HEALTHY(exchange)


def _deafening(exchange: Exchange) -> None:
    exchange.platform.deafen()
    _HEALTHY(exchange)


def _refusing_for_a_second(act: Act) -> Act:
    def whole(exchange: Exchange) -> None:
        act(exchange)
        exchange.platform.refuse()
        exchange.connection.close()
        exchange.platform.hear_after(1.0)

    return whole


def _changing_ids() -> Row:
    """Every goal state is a new one; the second report is of the second."""
    second = GOAL_STATE.replace(b">1<", b">2<")
    return Row(
        "ids that change between two reports",
        ("report-ready", "--timeout=30"),
        script(
            [answer(http(second)), _HEALTHY],
            [answer(http(status="500 No")), answer(http())],
        ),
        READY,
        _PASSING_S,
        2,
        ("Incarnation: 2", "Incarnation: 1"),
    )


def _others() -> Iterator[Row]:
    healthy = script()
    yield Row("refused", REPORT, healthy, REFUSED, _LASTING_S + 3, 0, hears=False)
    yield Row("metadata, refused", METADATA, healthy, REFUSED, _LASTING_S + 3, 0, hears=False)
    yield Row("health, refused", REPORT, script([_refusing]), REFUSED, _LASTING_S, 0)
    yield Row("health, deaf", REPORT, script([_deafening]), DEAF, _LASTING_S, 0)
    late = script([_refusing_for_a_second(_HEALTHY), _HEALTHY])
    command = ("report-ready", "--timeout=30")
    yield Row("health once, refused", command, late, READY, _BUSY_S, 1)
    yield Row(
        "few files may be open, health, deaf",
        REPORT,
        script([_deafening]),
        DEAF,
        _LASTING_S,
        0,
        files=16,
    )
    yield _changing_ids()
    busy = refused("503 Busy", SERVER_HINT)
    yield Row("503 that hangs", REPORT, script([_busy_and_hanging]), busy.goal_state, _LASTING_S, 0)
    served = script(metadata=[_busy_and_hanging])
    yield Row("metadata, 503 that hangs", METADATA, served, busy.metadata, _LASTING_S, 0)
    yield Row(
        "ids that are missing once",
        command,
        script([answer(http(GOAL_STATE.replace(b">1<", b"><"))), _HEALTHY]),
        READY,
        _PASSING_S,
        1,
        ("GoalState has an empty Incarnation; retrying in N s",),
    )
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        env = ((variable, "http://TRAP"), ("no_proxy", ""), ("NO_PROXY", ""))
        yield Row(f"{variable} is set", REPORT, healthy, READY, _BUSY_S, 1, env=env)
        yield Row(f"metadata, {variable} is set", METADATA, healthy, SHOWN, _BUSY_S, 0, env=env)
    steps = (("PYTHONPATH", "STEPPING"),)
    slow = SLOW["no answer"]
    for row in _lasting("the wall clock steps by years, no answer", slow):
        yield row._replace(env=steps)
    yield Row("the wall clock steps by years", REPORT, healthy, READY, _BUSY_S, 1, env=steps)
    yield Row(
        "the wall clock steps by years, Retry-After",
        ("report-ready", "--timeout=30"),
        script([with_status("503 Busy", RETRY_AFTER["of a date gone by"]), _HEALTHY]),
        READY,
        _PASSING_S,
        1,
        env=steps,
    )


for _row in (*_wire(), *_statuses(), *_documents(), *_others()):
    assert _row.name not in ROWS, _row.name
    ROWS[_row.name] = _row

#: Run on every Python, and not on the oldest and the newest alone.
SAMPLE: List[str] = [
    "once, 100 MB of headers",
    "once, after early hints",
    "once, chunked with extensions and trailers",
    "goal state, no answer",
    "health, hangs in its body",
    "metadata, short of its length",
    "goal state, a MiB of attributes",
    "metadata, a MiB of numbers in lists in lists",
    "metadata, a million digits",
    "goal state, an external entity of an address",
    "once, Retry-After that Python's old parsers stumble over",
    "http_proxy is set",
]
