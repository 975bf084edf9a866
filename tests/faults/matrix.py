"""The rows of the fault matrix, by name."""

import time
from typing import Dict, Iterator, List

from faults.documents import GOAL_STATES, INSTANCES, MADE, NAMES, Make
from faults.fault import (
    GOAL_STATE,
    GOOD,
    INSTANCE,
    PROVISIONED,
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
from faults.statuses import (
    LONG_RETRY_AFTER,
    RETRY_AFTER,
    STATUSES,
    runs_through_statuses,
    with_status,
)
from faults.wire import FAULTS, SLOW, Fault

REPORT = ("report-ready", "--timeout=1.2")
METADATA = ("metadata", "--imds-timeout=1.2")
PROVISION = ("provision", "--root=ROOT", "--timeout=60", "--imds-timeout=20")
# Extra time for a busy machine.
_BUSY_S = 15.0
# The limit for rows that never succeed: one or two attempts.
_LASTING_S = 1.2 + _BUSY_S
# The limit for rows with one failure: a first pause.
_PASSING_S = 1.0 + _BUSY_S

_HEALTHY = answer(http(GOAL_STATE))

_CLOSED_PORT_HINT = (
    "check that ADDRESS is the platform's address, and that no firewall rejects TCP port 20080"
)
_NO_REPLY_HINT = (
    "check that no firewall drops TCP port 20080 to ADDRESS, that the gateway answers, "
    "and that the route uses the first network interface"
)
REFUSED = given_up(69, "SERVER cannot be reached (Connection refused)", _CLOSED_PORT_HINT)
NO_REPLY = given_up(
    69, "SERVER cannot be reached (no reply to connection attempts)", _NO_REPLY_HINT
)


def _lasting(name: str, fault: Fault) -> Iterator[Row]:
    """Every request of a kind gets the fault, until the deadline."""
    bad, ends = fault.wrap, fault.ends
    served = script([bad(GOAL_STATE)])
    yield Row(f"goal state, {name}", REPORT, served, ends.goal_state, _LASTING_S, 0)
    if ends.health != READY:
        served = script(health=[bad(b"taken")])
        yield Row(f"health, {name}", REPORT, served, ends.health, _LASTING_S)
    served = script(metadata=[bad(INSTANCE)])
    yield Row(f"metadata, {name}", METADATA, served, ends.metadata, _LASTING_S)


def _passing(name: str, fault: Fault) -> Row:
    """The first request of each kind gets the fault, and the next ones a good reply."""
    bad = fault.wrap
    return Row(
        f"once, {name}",
        PROVISION,
        script(
            [bad(GOAL_STATE), _HEALTHY],
            [bad(b"taken"), answer(http())],
            [bad(INSTANCE), answer(http(INSTANCE))],
        ),
        PROVISIONED,
        3.0 + _BUSY_S,
    )


def _passing_slowly(name: str, fault: Fault) -> Iterator[Row]:
    """The first request hangs until its limit of 10 or 30 s, and the next gets a good reply."""
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
        # This row takes a processor some seconds for each of its three requests.
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
    yield from runs_through_statuses()


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
        # A missing host name never prevents Ready.
        summary, _, hint = end.line.replace("azprov: ", "").partition("; ")
        ready = End(
            76,
            f"azprov: Ready was acknowledged, but the host name is not set ({summary}) and "
            "progress is not recorded (the id of this VM is not known), and the next run repeats "
            f"every step and may report Ready again; {hint}",
        )
        provision = ("provision", "--root=ROOT", "--imds-timeout=1.2", "--timeout=20")
        yield Row(f"provision, {name}", provision, served, ready, 1.2 + _LASTING_S, 1)


ROWS: Dict[str, Row] = {}


def _busy_and_hanging(exchange: Exchange) -> None:
    exchange.read()
    exchange.send(http(b"more", status="503 Busy")[:-4])
    exchange.hold()


# The port closes before the reply, because the client connects again at once.
def _refusing(exchange: Exchange) -> None:
    exchange.platform.refuse()
    _HEALTHY(exchange)


def _ignoring(exchange: Exchange) -> None:
    exchange.platform.ignore()
    _HEALTHY(exchange)


def _refusing_for_a_second(act: Act) -> Act:
    def whole(exchange: Exchange) -> None:
        act(exchange)
        exchange.platform.refuse()
        exchange.connection.close()
        exchange.platform.listen_after(1.0)

    return whole


def _late(exchange: Exchange) -> None:
    time.sleep(1.5)  # longer than Ready waits for the host name
    answer(http(INSTANCE))(exchange)


def _changing_ids() -> Row:
    """Each goal state has another incarnation, and each report has the newest one."""
    return Row(
        "ids that change between two reports",
        ("report-ready", "--timeout=30"),
        script(
            [answer(http(GOAL_STATE.replace(b">1<", b">2<"))), _HEALTHY],
            [answer(http(status="500 No")), answer(http())],
        ),
        READY,
        _PASSING_S,
        2,
        ("Incarnation: 2", "Incarnation: 1"),
    )


def _others() -> Iterator[Row]:
    healthy = script()
    yield Row("refused", REPORT, healthy, REFUSED, _LASTING_S + 3, 0, listens=False)
    yield Row("metadata, refused", METADATA, healthy, REFUSED, _LASTING_S + 3, 0, listens=False)
    yield Row("health, refused", REPORT, script([_refusing]), REFUSED, _LASTING_S, 0)
    yield Row(
        "health, no reply to connections", REPORT, script([_ignoring]), NO_REPLY, _LASTING_S, 0
    )
    late = script([_refusing_for_a_second(_HEALTHY), _HEALTHY])
    command = ("report-ready", "--timeout=30")
    yield Row("health once, refused", command, late, READY, _BUSY_S, 1)
    yield Row(
        "few files may be open, health, no reply to connections",
        REPORT,
        script([_ignoring]),
        NO_REPLY,
        _LASTING_S,
        0,
        files=16,
    )
    yield _changing_ids()
    yield Row(
        "the host name comes after Ready",
        PROVISION,
        script(metadata=[_late]),
        End(0, "Host name: web01-host"),
        _PASSING_S,
        1,
        ("Response: 200 OK", "Trying the step hostname again"),
    )
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
        script([with_status("503 Busy", RETRY_AFTER["of a date in the past"]), _HEALTHY]),
        READY,
        _PASSING_S,
        1,
        env=steps,
    )


for _row in (*_wire(), *_statuses(), *_documents(), *_others()):
    assert _row.name not in ROWS, _row.name
    ROWS[_row.name] = _row

#: These rows run on every Python, the others only on the oldest and the newest.
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
    "once, Retry-After that old Pythons cannot parse",
    "http_proxy is set",
]
