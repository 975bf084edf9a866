"""The kernel's list of mounts."""

from azprov.formats.host.mountinfo import parse_file_systems, parse_mount_points

# The second line has no optional fields, and the third one two of them.
MOUNTS = (
    b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    b"36 22 0:41 /@home /home\\040of\\134all rw - btrfs /dev/sdb1 rw,subvol=/@home\n"
    b"7 22 0:50 / /srv/\xff rw shared:3 master:1 - nfs4 server:/a\\040-\\040b rw\n"
)


def test_mount_points_have_their_blanks_again() -> None:
    """The kernel writes blanks and backslashes as octal numbers, and other bytes unchanged."""
    assert parse_mount_points(MOUNTS) == ["/", "/home of\\all", "/srv/\udcff"]


def test_each_mount_has_the_type_of_its_file_system() -> None:
    """The type follows the optional fields, of which there may be any number."""
    assert parse_file_systems(MOUNTS) == {22: "ext4", 36: "btrfs", 7: "nfs4"}


def test_lines_of_another_form_are_ignored() -> None:
    """Such a line has no mount point, or no number."""
    content = b"\nx 2 8:1 /\nx y - z\n" + MOUNTS.partition(b"36")[0]

    assert parse_mount_points(content) == ["/"]
    assert parse_file_systems(content) == {22: "ext4"}
