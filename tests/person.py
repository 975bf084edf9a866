"""The UID and GID of the ordinary user in test images.

Only root may give files to another user, so they are those of the user who runs the tests. A
module that imports this is skipped for the user 65534, who is not a person to azprov, unless
`namespaces.stop_being_nobody` could give that user another number.
"""

import os

import pytest

from namespaces import NOBODY

UID, GID = os.geteuid() or 1000, os.getegid() or 1000
#: A new user gets these numbers. The highest number is 60000 by default, which may be too low.
LOGIN_DEFS = f"UID_MIN {UID}\nUID_MAX {UID + 9}\nGID_MIN {GID}\nGID_MAX {GID + 9}\n"

if UID == NOBODY:
    pytest.skip(
        "needs the number of a person, and 65534 is not one: run the tests as another user, or "
        "allow user namespaces",
        allow_module_level=True,
    )
