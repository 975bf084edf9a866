"""A view of the file systems that this process has alone."""

CLONE_NEWNS = 0x00020000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000


def leave_shared_mounts() -> bool:
    """Give this process mounts of its own, which end with it. False if that is not possible.

    It needs root. Mounts made later are seen by this process and its children only.
    """
    try:
        # Python has os.unshare only from 3.12 on.
        from ctypes import CDLL, c_ulong
    except ImportError:
        return False
    library = CDLL(None)
    if library.unshare(CLONE_NEWNS) != 0:
        return False
    flags = c_ulong(_MS_REC | _MS_PRIVATE)
    return bool(library.mount(b"none", b"/", None, flags, None) == 0)
