"""What uninstall prints if it cannot remove everything."""

import json
from pathlib import Path

from images import azprov
from sound_image import make_sound

_PYZ = "usr/local/lib/azprov/azprov.pyz"


def test_a_failed_uninstall_lists_what_it_has_removed(tmp_path: Path) -> None:
    """A folder in the place of the archive is not removed, because it is not azprov's."""
    image = make_sound(tmp_path / "image")
    (image / _PYZ).unlink()
    (image / _PYZ).mkdir()
    (image / _PYZ / "file").write_text("")

    code, out, err = azprov("uninstall", "--root", image)

    assert code == 73
    assert out == (
        f"removed {image}/etc/systemd/system/multi-user.target.wants/azure-provisioning.service\n"
        f"removed {image}/usr/local/bin/azprov\n"
    )
    assert f"could not remove {image}/{_PYZ}" in err
    code, out, _ = azprov("uninstall", "--root", image, "--json")
    answer = json.loads(out)
    assert (answer["ok"], answer["exit_code"], answer["removed"]) == (False, 73, [])
    assert f"could not remove {image}/{_PYZ}" in answer["error"]["summary"]
