"""The few errors of azprov: whose fault it is, what to do next, which exit code.

Rule of this file: it is the one home of the exit codes. `summary` is one
lower-case sentence that names the object, `hint` the next step.
"""

from typing import Optional

EXIT_CODES = {
    0: "done, or already done for this VM",
    1: "`check` found errors; `rehearse` did not end as the scenario should",
    2: "wrong usage",
    69: "the platform could not be reached, or kept answering with an error, until the deadline",
    70: "this program or this Python cannot run (bug, missing module)",
    73: "a change to this machine or image failed",
    76: "the platform answered, and its answers stayed unusable (no ids, no XML, no host name)",
    77: "not permitted: needs root",
    78: "what the platform names cannot be used on this host (bad host name, no usable key)",
    143: "stopped by SIGTERM (systemd's timeout); nothing half done",
}


class AzprovError(Exception):
    """Every failure that azprov foresees; only its subclasses are raised."""

    exit_code = 70

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary, hint)
        self.summary = summary
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.summary}; {self.hint}" if self.hint else self.summary


class UsageError(AzprovError):
    """The caller asked for something that does not exist or does not fit."""

    exit_code = 2


class PlatformError(AzprovError):
    """Azure, or whatever answers at its address, gave nothing that counts."""

    exit_code = 69
    #: How long the platform asks to be left alone, in seconds.
    retry_after_s: Optional[float] = None


class NotConnected(PlatformError):
    """No connection came about: no route, nobody listening, no reply to it."""


class BrokenReply(PlatformError):
    """A connection came about, a complete HTTP reply within its bounds did not."""


class Refused(PlatformError):
    """A complete reply whose status is not the one that counts as success."""

    def __init__(
        self,
        summary: str,
        hint: str = "",
        *,
        status: int = 0,
        retry_after_s: Optional[float] = None,
    ) -> None:
        super().__init__(summary, hint)
        self.status = status
        self.retry_after_s = retry_after_s


class DocumentError(AzprovError):
    """A document of the platform is not what its place promises."""

    exit_code = 76


class HostError(AzprovError):
    """This machine, or the image below a root, could not be read or changed."""

    exit_code = 73


class NotPermitted(HostError):
    """The change is one that only root may make."""

    exit_code = 77


class UnusableError(AzprovError):
    """What the platform names is well-formed, and cannot be used on this host."""

    exit_code = 78


class Stopped(BaseException):
    """A signal arrived. No Exception, so that no cleanup mistakes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
