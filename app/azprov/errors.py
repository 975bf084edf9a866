"""The errors of azprov: each class is a cause, with an exit code and a next step.

Rule of this file: it is the one home of the exit codes. `summary` is one
lower-case sentence that names the object, and `hint` is the next step.
"""

from typing import Optional

EXIT_CODES = {
    0: "done, or already done for this VM",
    1: "`check` found errors; a rehearsal or simulation did not end as its scenario should; "
    "someone can still log in after `deprovision`",
    2: "wrong usage",
    69: "the platform could not be reached, or kept answering with an error, until the deadline",
    70: "this program or this Python cannot run (bug, missing module, damaged file)",
    73: "a change to this machine or image failed",
    76: "the platform's answers stayed unusable (no ids, no XML, no host name)",
    77: "not permitted: needs root, or a capability that the message names",
    78: "what the platform names cannot be used on this host (bad host name, unusable user)",
    143: "stopped by SIGTERM; nothing half done",
}
#: The same exit codes in a few words, for the help, where they have two lines.
SHORT_EXIT_CODES = {
    0: "done",
    1: "errors found",
    2: "bad usage",
    69: "unreachable",
    70: "cannot run",
    73: "change failed",
    76: "bad answers",
    77: "needs root",
    78: "unusable",
    143: "stopped",
}
#: The exit code of a command that worked, and found what it looks for.
ERRORS_FOUND = 1


class AzprovError(Exception):
    """A failure that azprov foresees; code raises one of its subclasses."""

    exit_code = 70
    #: Whether a first boot must not report Ready after this failure of a required step.
    prevents_ready = True
    #: Whether a later answer of the platform can undo this failure.
    lacks_answer = False
    #: Whether no later boot could undo it, so that a first boot reports it as final.
    is_lasting = False

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary, hint)
        self.summary = summary
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.summary}; {self.hint}" if self.hint else self.summary


class UsageError(AzprovError):
    """The user asked for something that does not exist or cannot be combined."""

    exit_code = 2


class PlatformError(AzprovError):
    """The platform, or another server at its address, gave no usable reply."""

    exit_code = 69
    lacks_answer = True
    #: How many seconds the platform asks to wait before the next request.
    retry_after_s: Optional[float] = None


class NotConnected(PlatformError):
    """No connection was made: no route, a closed port, or no reply."""

    #: False if this machine itself refused to connect: no route, or one that prohibits it.
    has_route = True


class BrokenReply(PlatformError):
    """A connection was made, but no complete HTTP reply came within its limits."""


class Refused(PlatformError):
    """A complete reply with a status that does not count as success."""

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
    """A document of the platform does not have the promised form or content."""

    exit_code = 76
    lacks_answer = True
    #: The seconds after which the same document is accepted, because it will not change.
    accepted_in_s = float("inf")


class HostError(AzprovError):
    """This machine, or the image below a root, could not be read or changed."""

    exit_code = 73
    is_lasting = True


class LoginsLeft(HostError):
    """All changes were made, and someone can still log in, by settings that azprov keeps."""

    exit_code = ERRORS_FOUND


class PassingError(HostError):
    """A failure of this boot: a file system or a directory server may be there at the next one."""

    is_lasting = False


class DiskError(HostError):
    """A file could not be written because its disk is read-only, full or broken.

    The step stays open and Ready is reported, because a later boot may be able to write it.
    """

    prevents_ready = False

    def __init__(self, summary: str, hint: str = "", *, is_read_only: bool = False) -> None:
        super().__init__(summary, hint)
        self.is_read_only = is_read_only


class NotPermitted(HostError):
    """The change needs root, or a capability."""

    exit_code = 77
    is_lasting = False


class UnusableError(AzprovError):
    """A well-formed value of the platform cannot be used on this host."""

    exit_code = 78
    is_lasting = True


class LoginBlocked(UnusableError):
    """A user cannot log in: one of the image, or the admin of a deployment without a key.

    The step stays open and Ready is reported, because the owner of the VM can fix the user.
    """

    prevents_ready = False


class UntrustedPlatform(UnusableError):
    """The firmware does not identify an Azure VM, so anyone may answer in Azure's place.

    The step stays open and Ready is reported: with a trusted platform it can succeed later.
    """

    prevents_ready = False

    def __init__(self, reason: str) -> None:
        hint = (
            "to trust this network anyway, add --platform any (for the boot service, install it "
            "again with its options and this one)"
        )
        super().__init__(
            f"{reason}, so no user, SSH key or host name is taken from the platform", hint
        )
        self.reason = reason


class Stopped(BaseException):
    """A signal arrived. It is not an Exception, so that no cleanup treats it as a failure."""

    #: The last failure of the wait that the signal ended, and how long that wait took.
    awaited: Optional[AzprovError] = None
    waited_s = 0.0
    #: What the signal prevented, or what may have been done anyway, instead of the next step.
    effect = ""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.exit_code = 128 + number


def bug(error: Exception) -> AzprovError:
    """The failure to report for an exception that nothing foresaw."""
    return AzprovError(
        f"a bug in azprov: {type(error).__name__}: {error}",
        "please report it with the output of -v",
    )
