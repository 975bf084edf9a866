"""Slackware 15, NixOS and Guix: systems whose init azprov has no service for.

Slackware's tree was written from memory of its packages sysvinit-scripts, network-scripts and
openssh, since no list of their files could be read. The menus of NixOS and Guix are those that
NixOS/nixpkgs (azure-common.nix) and Guix's grub.scm write; programs are in /nix/store and
/gnu/store, and /etc is made at each boot.
"""

from typing import Dict

from check.image_changes import elf
from corpus.tree import DISK_DRIVERS, DRIVERS, X86, Tree, changed, initramfs, kernel, python, sshd
from sound_image import Change

_SLACKWARE: Change = {
    "bin/bash": elf(X86),
    "bin/sh": "-> bash",
    "sbin/init": "program",
    "etc/inittab": "id:3:initdefault:\nsi:S:sysinit:/etc/rc.d/rc.S\nsu:1S:wait:/etc/rc.d/rc.K\n"
    "rc:2345:wait:/etc/rc.d/rc.M\nca::ctrlaltdel:/sbin/shutdown -t5 -r now\n"
    "l0:0:wait:/etc/rc.d/rc.0\nl6:6:wait:/etc/rc.d/rc.6\n"
    "c1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux\n"
    "s1:12345:respawn:/sbin/agetty -L ttyS0 115200 vt100\n",
    **{
        f"etc/rc.d/rc.{name}": "#!/bin/sh\n"
        for name in ("S", "M", "K", "0", "6", "inet1", "inet2", "local", "sshd", "ntpd")
    },
    "etc/rc.d/rc.inet1.conf": 'IFNAME[0]="eth0"\nIPADDR[0]=""\nUSE_DHCP[0]="yes"\n',
    "etc/os-release": 'NAME=Slackware\nVERSION="15.0"\nID=slackware\n',
    **sshd(),
    **python(9, library="usr/lib64"),
    **kernel("5.15.193", *DRIVERS, folder="lib/modules"),
    "etc/fstab": "UUID=11        /                ext4        defaults         1   1\n"
    "#/dev/cdrom      /mnt/cdrom       auto        noauto,owner,ro,comment=x-gvfs-show 0   0\n"
    "devpts           /dev/pts         devpts      gid=5,mode=620   0   0\n"
    "proc             /proc            proc        defaults         0   0\n"
    "tmpfs            /dev/shm         tmpfs       nosuid,nodev,noexec 0   0\n",
    "boot/vmlinuz-generic-5.15.193": "kernel",
    "boot/initrd.gz": initramfs(*DISK_DRIVERS),
    "boot/grub/grub.cfg": "menuentry 'Slackware-15.0' {\n\tlinux\t/boot/vmlinuz-generic-5.15.193 "
    "root=UUID=11 ro console=ttyS0\n\tinitrd\t/boot/initrd.gz\n}\n",
    "boot/grub/i386-pc/core.img": "GRUB",
    "etc/passwd": "root:x:0:0::/root:/bin/bash\n",
    "etc/shadow": "root:*:9797:0:::::\n",
}
_NIX = "nix/store/00000000000000000000000000000000"
_NIXOS: Change = {
    f"{_NIX}-nixos-system-nixos-25.05/init": "#!/nix/store/1-bash/bin/bash\n",
    f"{_NIX}-nixos-system-nixos-25.05/sw/bin/python3": "program",
    f"{_NIX}-linux-6.12.58/bzImage": "kernel",
    f"{_NIX}-initrd-linux-6.12.58/initrd": initramfs(*DISK_DRIVERS),
    "nix/var/nix/profiles/system": "-> system-1-link",
    "nix/var/nix/profiles/system-1-link": f"-> /{_NIX}-nixos-system-nixos-25.05",
    "etc/NIXOS": "",
    "boot/grub/grub.cfg": "set default=0\nset timeout=0\n"
    f'menuentry "NixOS - Default" --class nixos {{\nsearch --set=drive1 --fs-uuid 11\n'
    f"  linux ($drive1)/{_NIX}-linux-6.12.58/bzImage "
    f"init=/{_NIX}-nixos-system-nixos-25.05/init console=ttyS0 earlyprintk=ttyS0 rootdelay=300\n"
    f"  initrd ($drive1)/{_NIX}-initrd-linux-6.12.58/initrd\n}}\n",
    "boot/grub/i386-pc/core.img": "GRUB",
}
_GNU = "gnu/store/00000000000000000000000000000000"
_GUIX: Change = {
    f"{_GNU}-system/boot": "#!/gnu/store/1-guile\n",
    f"{_GNU}-linux-libre-6.12.58/bzImage": "kernel",
    f"{_GNU}-raw-initrd/initrd.cpio.gz": initramfs(*DISK_DRIVERS),
    "var/guix/profiles/system": "-> system-1-link",
    "var/guix/profiles/system-1-link": f"-> /{_GNU}-system",
    "boot/grub/grub.cfg": "set default=0\nset timeout=5\n"
    'menuentry "GNU with Linux-Libre 6.12.58" {\n  search --fs-uuid --set 11\n'
    f"  linux /{_GNU}-linux-libre-6.12.58/bzImage root=11 gnu.system=/var/guix/profiles/"
    "system-1-link gnu.load=/var/guix/profiles/system-1-link/boot console=ttyS0\n"
    f"  initrd /{_GNU}-raw-initrd/initrd.cpio.gz\n}}\n",
    "boot/grub/i386-pc/core.img": "GRUB",
}

TREES: Dict[str, Tree] = {
    "Slackware 15": Tree(_SLACKWARE, "init-unknown", has_azprov=False),
    "Slackware 15, no kernel": changed(
        Tree(_SLACKWARE, has_azprov=False),
        {f"lib/modules/5.15.193/modules.{one}": None for one in ("dep", "builtin")},
        "init-unknown",
        "kernel-none",
    ),
    "NixOS": Tree(_NIXOS, "init-unknown", has_azprov=False),
    "Guix": Tree(_GUIX, "init-unknown", has_azprov=False),
}
