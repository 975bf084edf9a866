"""A leftover of a used machine, as plain data: what it is, and what deprovision does about it.

apply.py carries the actions out.
"""

from typing import NamedTuple, Optional

from ...formats.host.passwd import Account

# The actions.
REMOVE_FILE = "remove file"
REMOVE_TREE = "remove tree"
#: A home that belongs to `account`, wherever the links on the way to it lead.
REMOVE_HOME = "remove home"
#: With the rights of the user who could plant a link on the way: planting.remove_planted.
REMOVE_FROM_HOME = "remove from home"
REMOVE_KEYS = "remove keys"
EMPTY_FILE = "empty file"
EMPTY_FOLDER = "empty folder"
#: In sshd_config, the lines that azprov added.
REMOVE_SSHD_LINES = "remove sshd lines"
#: In initiatorname.iscsi, the name; a service makes a new one.
RENEW_INITIATOR = "renew initiator"
#: In settings of the kind `argument`, the host name that a DHCP client sends.
REMOVE_SENT_HOSTNAME = "remove sent hostname"
#: In passwd and similar files, the line of the user `argument`.
REMOVE_ENTRY = "remove entry"
#: In group and gshadow, the user `argument` from all lists of members.
REMOVE_MEMBER = "remove member"
#: In sudoers and doas.conf, the rules for the user or UID `argument`.
REMOVE_RULES = "remove rules"
#: In passwd, shadow, group or gshadow, the passwords of the users or groups `argument`. Colons
#: separate their names: a change for each would write the file as often as it has lines.
LOCK_ENTRIES = "lock entries"
#: In passwd, the passwords of the users `argument`, who have one in shadow as well.
REFER_TO_SHADOW = "refer to shadow"
#: In /etc/hostname and in /etc/hosts, to the name `argument`.
SET_HOST_NAME = "set host name"
SET_NAME_IN_HOSTS = "set name in hosts"
#: In azprov's list of numbers that no new user gets, the numbers `argument`.
RESERVE_IDS = "reserve ids"
#: A link to the service file `argument`.
ENABLE_SERVICE = "enable service"
#: Nothing is done, and applying the leftover fails: a path could not be read.
EXAMINE = "examine"
EXAMINE_AS_ROOT = "examine as root"

_RESULTS = {
    EMPTY_FILE: "emptied",
    EMPTY_FOLDER: "emptied",
    LOCK_ENTRIES: "locked",
    REFER_TO_SHADOW: "locked",
    SET_HOST_NAME: "set to {}",
    SET_NAME_IN_HOSTS: "set to {}",
    RESERVE_IDS: "reserved",
    ENABLE_SERVICE: "enabled",
    EXAMINE: "examined",
    EXAMINE_AS_ROOT: "examined as root",
}

#: The rule of a path that could not be examined.
UNREADABLE = "unreadable"


class Leftover(NamedTuple):
    """One leftover of a used machine."""

    #: The rule of `check` that reports it; empty if only deprovision handles it.
    rule: str
    path: str
    what: str
    action: str = REMOVE_FILE
    argument: str = ""
    #: The user that it belongs to.
    account: Optional[Account] = None
    #: Whether it is removed only after all others. Without a user's passwd entry, no one could
    #: find the owner of a home, of keys or of a group again.
    requires_others: bool = False
    #: The next step, if a path could not be examined.
    hint: str = ""

    @property
    def user(self) -> str:
        """The name of that user; empty without one."""
        return "" if self.account is None else self.account.name

    @property
    def result(self) -> str:
        """The state after the action, such as "removed"."""
        return _RESULTS.get(self.action, "removed").format(self.argument)
