"""The kernel's list of mounts."""

from azprov.formats.host.mountinfo import (
    parse_file_systems,
    parse_mount_points,
    parse_served_mounts,
)

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


def test_the_mounts_of_fuse_that_all_users_may_enter_have_the_user_who_serves_them() -> None:
    """Other users, and root, cannot enter one without allow_other."""
    content = (
        b"63 1 0:39 / /home/ops/my\\040data rw - fuse.blobfuse2 none rw,user_id=1000,allow_other\n"
        b"64 1 0:40 / /root/a rw shared:1 - fuse a rw,user_id=0,group_id=0,allow_other,max_read=1\n"
        b"65 1 0:41 / /home/ops/b rw - fuse.sshfs b rw,user_id=1000,group_id=1000\n"
        b"66 1 0:42 / /c rw - ext4 c rw,user_id=1000,allow_other\n"
        b"67 1 0:43 / - fuse d rw,user_id=1,allow_other\n"
    )

    assert parse_served_mounts(content + MOUNTS) == [("/home/ops/my data", 1000), ("/root/a", 0)]
