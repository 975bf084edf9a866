"""The deadline of a first boot."""

from azprov.boot.deadline import Deadline
from ports import FakeClock


def test_the_time_left_ends_at_zero() -> None:
    """The time counts from the start of the boot, and is never negative."""
    clock = FakeClock()
    deadline = Deadline(clock, 900.0)

    left = []
    for spent_s in (0.0, 899.5, 0.5, 100.0):
        clock.spend(spent_s)
        left.append(deadline.left_s())

    assert left == [900.0, 0.5, 0.0, 0.0]
