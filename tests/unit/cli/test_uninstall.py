"""What uninstall prints if it cannot remove everything."""

import json
from pathlib import Path

from images import azprov
from sound_image import make_sound

_PYZ = "usr/local/lib/azprov/azprov.pyz"


def test_uninstall_names_the_files_of_a_first_boot_that_it_keeps(tmp_path: Path) -> None:
    """The user keeps the rights and sshd its settings; each line has the command that ends that."""
    image = make_sound(tmp_path / "image")
    sshd_config = "Port 22\n# azprov: the platform asked for a VM without password logins.\n"
    sshd_config += "Include /etc/ssh/sshd_config.d/00-azprov.conf\n"
    for name, content in {
        "etc/sudoers.d/90-azprov": "",
        "etc/doas.d/90-azprov.conf": "",
        "etc/ssh/sshd_config.d/00-azprov.conf": "",
        "etc/ssh/sshd_config": sshd_config,
        "var/lib/azprov/state.json": "{}",
    }.items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_text(content)

    code, _, err = azprov("uninstall", "--root", image)

    assert code == 0
    rights = "which gives the admin user administrator rights; to remove it: rm"
    assert err.splitlines() == [
        f"Kept {image}/etc/sudoers.d/90-azprov, {rights} {image}/etc/sudoers.d/90-azprov",
        f"Kept {image}/etc/doas.d/90-azprov.conf, {rights} {image}/etc/doas.d/90-azprov.conf",
        f"Kept {image}/etc/ssh/sshd_config.d/00-azprov.conf, which makes sshd refuse passwords; to "
        f"remove it: rm {image}/etc/ssh/sshd_config.d/00-azprov.conf",
        f"Kept {image}/var/lib/azprov, which records the finished steps of this VM and the "
        f"UIDs of removed users; to remove it: rm -r {image}/var/lib/azprov",
        f"Kept {image}/etc/ssh/sshd_config, which has lines of azprov that make sshd refuse "
        "passwords; to remove them: delete each comment that begins with # azprov:, and the lines "
        "below it that it explains",
    ]
    answer = json.loads(azprov("uninstall", "--root", image, "--json")[1])
    assert answer["kept"] == [
        "/etc/sudoers.d/90-azprov",
        "/etc/doas.d/90-azprov.conf",
        "/etc/ssh/sshd_config.d/00-azprov.conf",
        "/var/lib/azprov",
        "/etc/ssh/sshd_config",
    ]


def test_a_failed_uninstall_lists_what_it_has_removed(tmp_path: Path) -> None:
    """A folder in place of the archive is not removed, because it is not azprov's."""
    image = make_sound(tmp_path / "image")
    (image / _PYZ).unlink()
    (image / _PYZ).mkdir()
    (image / _PYZ / "file").write_text("")

    code, out, err = azprov("uninstall", "--root", image)

    assert code == 73
    assert out == (
        f"removed {image}/etc/systemd/system/multi-user.target.wants/azure-provisioning.service\n"
        f"removed {image}/etc/systemd/system-preset/00-azprov.preset\n"
        f"removed {image}/usr/local/bin/azprov\n"
    )
    assert f"could not remove {image}/{_PYZ}" in err
    code, out, _ = azprov("uninstall", "--root", image, "--json")
    answer = json.loads(out)
    assert (answer["ok"], answer["exit_code"], answer["removed"]) == (False, 73, [])
    assert f"could not remove {image}/{_PYZ}" in answer["error"]["summary"]
