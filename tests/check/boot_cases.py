"""Faults and working variants of kernels, the initramfs, boot loaders and fstab."""

import gzip
from typing import Dict

from check.image_changes import (
    ENTRY,
    EXTLINUX,
    LINUX,
    Wrong,
    elf,
    grub,
    pe,
    shim,
    without_grub,
    zstd_initramfs,
)
from sound_image import (
    GRUB,
    INITRAMFS,
    KERNEL,
    MODULES,
    SYSTEM,
    VMLINUZ,
    Change,
    cpio,
)

#: systemd with its client of the metadata service, and the same of version 261.
IMDSD: Change = {"usr/lib/systemd/system-generators/systemd-imds-generator": "program"}
IMDSD_261: Change = {**IMDSD, "usr/lib/systemd/libsystemd-shared-261.2-1.so": "library"}

#: A kernel with vfat as a module, and an EFI system partition that the boot waits for.
ESP_IN_FSTAB: Change = {
    f"{MODULES}/modules.dep": "a/hv_netvsc.ko:\na/hv_storvsc.ko:\nkernel/fs/fat/vfat.ko.xz: a\n",
    "etc/fstab": "UUID=1 / ext4\nUUID=2 /boot/efi vfat umask=0077 0 1\n",
}

WRONG_BOOT: Dict[str, Wrong] = {
    "systemd: boots to the rescue target": Wrong(
        "boot-target",
        "error",
        {f"{SYSTEM}/default.target": "-> /usr/lib/systemd/system/rescue.target"},
    ),
    "kernel: no network driver": Wrong(
        "kernel-drivers",
        "error",
        {f"{MODULES}/modules.dep": "kernel/drivers/scsi/hv_storvsc.ko:\n"},
    ),
    "kernel: a second one without drivers": Wrong(
        "kernel-drivers", "warning", {"usr/lib/modules/6.2.0/modules.dep": "kernel/a.ko:\n"}
    ),
    "kernel: no modules": Wrong(
        "kernel-none",
        "warning",
        {f"{MODULES}/modules.dep": None, f"{MODULES}/modules.builtin": None},
    ),
    "initramfs: no disk driver": Wrong(
        "initramfs-drivers", "error", {INITRAMFS: cpio("kernel/drivers/ata/ata_piix.ko")}
    ),
    "initramfs: no disk driver, compressed": Wrong(
        "initramfs-drivers", "error", {INITRAMFS: cpio("early") + gzip.compress(cpio("init"))}
    ),
    "initramfs: missing": Wrong(
        "initramfs-none",
        "note",
        {**grub(LINUX), INITRAMFS: None, "etc/initramfs-tools/modules": ""},
    ),
    "initramfs: no NVMe driver": Wrong(
        "initramfs-nvme",
        "warning",
        {
            f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\n",
            f"{MODULES}/modules.dep": "a/hv_netvsc.ko:\na/hv_storvsc.ko:\na/nvme.ko: a\n",
            INITRAMFS: cpio("a/hv_storvsc.ko", "a/nvme-core.ko"),
        },
    ),
    "initramfs: no disk driver in a unified kernel": Wrong(
        "initramfs-drivers",
        "error",
        {
            **grub(LINUX),
            INITRAMFS: None,
            "efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
            f"efi/EFI/Linux/0123-{KERNEL}.efi": pe(
                signed=True, section=".initrd", content=gzip.compress(cpio("init"))
            ),
        },
    ),
    "initramfs: compressed with zstd": Wrong(
        "initramfs-unread",
        "warning",
        zstd_initramfs("etc/initramfs-tools/initramfs.conf", "MODULES=dep\n"),
    ),
    "initramfs: damaged": Wrong("initramfs-unread", "warning", {INITRAMFS: b"070701 and no more"}),
    "console: missing in GRUB's settings": Wrong(
        "console-missing",
        "warning",
        {GRUB: "blscfg\n", "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n'},
    ),
    "console: that of x86 on Arm": Wrong(
        "console-missing", "warning", {"var/lib/dpkg/arch": "arm64\namd64\n"}
    ),
    "console: that of x86 on Arm, by a program": Wrong(
        "console-missing", "warning", {"bin/sh": "-> dash", "bin/dash": elf(183)}
    ),
    "console: that of Arm on x86": Wrong(
        "console-missing",
        "warning",
        {**grub(f"linux /{VMLINUZ} console=ttyAMA0\n"), "etc/apk/arch": "x86_64\n"},
    ),
    "ESP: no program that firmware starts": Wrong(
        "esp-fallback",
        "error",
        {
            "boot/efi/EFI/debian/shimx64.efi": pe(signed=True),
            "boot/efi/EFI/debian/grubx64.efi": pe(signed=True),
        },
    ),
    "ESP: no program that the firmware of Arm starts": Wrong(
        "esp-fallback",
        "error",
        {
            "bin/sh": elf(183),
            **grub(f"linux /{VMLINUZ} console=ttyAMA0\n"),
            "efi/EFI/systemd/systemd-bootaa64.efi": pe(signed=True),
            "efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
        },
    ),
    "ESP: only unified kernels": Wrong(
        "esp-fallback", "error", {"efi/EFI/Linux/a.efi": pe(signed=True)}
    ),
    "ESP: no program that firmware starts, but a BIOS boot loader": Wrong(
        "esp-fallback",
        "warning",
        {
            "boot/efi/EFI/debian/grubx64.efi": pe(signed=True),
            "boot/grub/i386-pc/core.img": "",
        },
    ),
    "ESP: a shim without its boot loader": Wrong(
        "esp-shim",
        "error",
        {
            "boot/efi/EFI/BOOT/BOOTX64.EFI": shim(),
            "boot/efi/EFI/BOOT/mmx64.efi": pe(signed=True),
            "boot/efi/EFI/debian/grubx64.efi": pe(signed=True),
        },
    ),
    "ESP: a shim that starts fallback, without BOOT.CSV": Wrong(
        "esp-shim",
        "error",
        {
            "boot/efi/EFI/BOOT/BOOTX64.EFI": shim(),
            "boot/efi/EFI/BOOT/fbx64.efi": pe(signed=True),
            "boot/efi/EFI/BOOT/grubx64.efi": pe(signed=True),
        },
    ),
    "ESP: a shim without its boot loader, beside one for BIOS": Wrong(
        "esp-shim",
        "warning",
        {"boot/efi/EFI/BOOT/BOOTX64.EFI": shim(), "boot/grub/i386-pc/core.img": ""},
    ),
    "ESP: an unsigned boot loader": Wrong(
        "secure-boot-unsigned", "note", {"boot/efi/EFI/BOOT/BOOTX64.EFI": pe(signed=False)}
    ),
    "ESP: an unsigned GRUB beside shim": Wrong(
        "secure-boot-unsigned",
        "note",
        {
            "boot/efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
            "boot/efi/EFI/BOOT/grubx64.efi": pe(signed=False),
        },
    ),
    "ESP: an unsigned kernel": Wrong(
        "secure-boot-unsigned",
        "note",
        {"boot/efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True), VMLINUZ: pe(signed=False)},
    ),
    "ESP: an unsigned unified kernel": Wrong(
        "secure-boot-unsigned",
        "note",
        {
            "efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
            "efi/EFI/Linux/a.efi": pe(signed=False),
        },
    ),
    "console: missing in grub.cfg only": Wrong(
        "console-missing",
        "warning",
        grub(f"menuentry x {{\n\tlinux\t/{VMLINUZ} root=UUID=1 ro quiet\n}}\n"),
    ),
    "console: missing in a boot loader entry": Wrong(
        "console-missing",
        "warning",
        without_grub({ENTRY: "title A\noptions root=LABEL=x\n"}),
    ),
    "root=: a SCSI name": Wrong(
        "root-by-name",
        "warning",
        without_grub(
            {
                "boot/EFI/Linux/a.efi": "MZ",
                "etc/kernel/cmdline": "root=/dev/sda1 console=ttyS0\n",
            }
        ),
    ),
    "root=: a virtio name": Wrong(
        "root-by-name",
        "error",
        {EXTLINUX: "LABEL l\n  APPEND root=/dev/vda1 console=ttyS0\n"},
    ),
    "root=: an NVMe name": Wrong(
        "root-by-name",
        "warning",
        grub(f"linux /{VMLINUZ} root=/dev/nvme0n1p2 ro console=ttyS0\n"),
    ),
    "root=: the ID of a disk": Wrong(
        "root-by-name",
        "error",
        grub(f"linux /{VMLINUZ} root=/dev/disk/by-id/ata-QEMU_HARDDISK_1-part2 console=ttyS0\n"),
    ),
    "command line: the rescue target": Wrong(
        "boot-target", "error", grub(f"{LINUX} systemd.unit=rescue.target\n")
    ),
    "command line: single user, in GRUB's settings": Wrong(
        "boot-target",
        "error",
        {GRUB: "blscfg\n", "etc/default/grub": 'GRUB_CMDLINE_LINUX="console=ttyS0 single"\n'},
    ),
    "command line: the emergency target in a boot loader entry": Wrong(
        "boot-target",
        "error",
        without_grub({ENTRY: f"linux /{VMLINUZ}\noptions console=ttyS0 emergency\n"}),
    ),
    "command line: azprov's service is masked": Wrong(
        "masked-by-kernel", "error", grub(f"{LINUX} systemd.mask=azure-provisioning.service\n")
    ),
    "command line: networkd is masked": Wrong(
        "masked-by-kernel", "error", grub(f"{LINUX} systemd.mask=systemd-networkd\n")
    ),
    "command line: SSH is masked": Wrong(
        "masked-by-kernel", "warning", grub(f"{LINUX} 'systemd.mask=ssh.service'\n")
    ),
    "command line: a driver that modprobe must not load": Wrong(
        "kernel-driver-forbidden", "error", grub(f"{LINUX} modprobe.blacklist=floppy,hv-netvsc\n")
    ),
    "command line: a driver that the kernel must not load": Wrong(
        "kernel-driver-forbidden",
        "error",
        without_grub(
            {EXTLINUX: f"LINUX /{VMLINUZ}\nAPPEND console=ttyS0 module_blacklist=hv_storvsc\n"}
        ),
    ),
    "command line: a driver that dracut must not load": Wrong(
        "kernel-driver-forbidden", "error", grub(f"{LINUX} rd.driver.blacklist=hv_storvsc\n")
    ),
    "systemd-imdsd: version 261 ignores its default": Wrong("imds-locked", "warning", IMDSD_261),
    "systemd-imdsd: locked": Wrong(
        "imds-locked", "warning", {**IMDSD, **grub(f"{LINUX} systemd.imds.network=locked\n")}
    ),
    "GRUB: the initrd is missing": Wrong(
        "boot-file-missing",
        "error",
        {**grub(f"{LINUX}\ninitrd /initrd.img\n"), "initrd.img": None},
    ),
    "GRUB: the initrd is a broken link": Wrong(
        "boot-file-missing",
        "error",
        {**grub(f"{LINUX}\ninitrd /initrd.img\n"), "initrd.img": "-> boot/initrd.img-5.10"},
    ),
    "GRUB: one of two initrds is missing": Wrong(
        "boot-file-missing",
        "error",
        grub(f"{LINUX}\ninitrd /boot/early.img /{INITRAMFS} # the last one\n"),
    ),
    "GRUB: the kernel of the default entry is missing": Wrong(
        "boot-file-missing",
        "error",
        grub(
            'set default="0"\nif [ x ]; then\n set default="${next_entry}"\nfi\n'
            "menuentry 'new' {\n linux /boot/vmlinuz-9 console=ttyS0\n}\n"
            f"menuentry 'old' {{\n {LINUX}\n}}\n"
        ),
    ),
    "GRUB: the kernels of all entries are missing": Wrong(
        "boot-file-missing",
        "error",
        grub(
            'set default="${saved_entry}"\n'
            "menuentry 'new' {\n linux /boot/vmlinuz-9 console=ttyS0\n}\n"
            "menuentry 'old' {\n linux /boot/vmlinuz-8\n}\n"
            "menuentry 'Firmware' {\n chainloader /EFI/BOOT/BOOTX64.EFI\n}\n"
        ),
    ),
    "GRUB: only a memory test exists": Wrong(
        "boot-file-missing",
        "error",
        {
            **grub(
                "set default=saved\nlinux /boot/vmlinuz-9 console=ttyS0\n"
                "menuentry 'memory' {\n linux16 /boot/memtest86+.bin\n}\n"
            ),
            "boot/memtest86+.bin": "",
        },
    ),
    "GRUB: the kernel of a boot loader entry is missing": Wrong(
        "boot-file-missing",
        "error",
        {**grub("blscfg\n"), ENTRY: "linux /vmlinuz-9\noptions console=ttyS0\n"},
    ),
    "systemd-boot: the initrd is missing": Wrong(
        "boot-file-missing",
        "error",
        without_grub(
            {
                "efi/loader/entries/a.conf": "linux /0123/6.1/linux\noptions console=ttyS0\n"
                f"initrd /0123/6.1/initrd.img-{KERNEL}\n",
                "efi/0123/6.1/linux": "",
            }
        ),
    ),
    "extlinux: the kernel is missing": Wrong(
        "boot-file-missing",
        "error",
        without_grub({EXTLINUX: "LABEL l\n LINUX vmlinuz-9\n APPEND console=ttyS0\n"}),
    ),
    "syslinux: the initrd is missing": Wrong(
        "boot-file-missing",
        "error",
        without_grub(
            {
                "boot/syslinux/syslinux.cfg": f"LABEL l\n KERNEL ../vmlinuz-{KERNEL}\n"
                " APPEND initrd=/early.img,/initrd.img console=ttyS0\n"
            }
        ),
    ),
    "two boot loaders: the kernel of one is missing": Wrong(
        "boot-file-missing", "warning", {EXTLINUX: "LABEL l\n LINUX /vmlinuz-9\n"}
    ),
    "GRUB: the kernel is missing, a unified kernel exists": Wrong(
        "boot-file-missing",
        "warning",
        {**grub("linux /vmlinuz-9 console=ttyS0\n"), "boot/EFI/LINUX/a.efi": "MZ"},
    ),
    "fstab: a disk that a VM may lack": Wrong(
        "fstab-needed", "warning", {"etc/fstab": "LABEL=data /data ext4 defaults 0 2\n"}
    ),
    "fstab: a temporary disk that a VM may lack": Wrong(
        "fstab-needed",
        "warning",
        {"etc/fstab": "/dev/disk/cloud/azure_resource-part1 /mnt auto defaults 0 2\n"},
    ),
    "fstab: a read-only root": Wrong(
        "fstab-read-only", "warning", {"etc/fstab": "LABEL=root / ext4 ro,noatime 0 1\n"}
    ),
    "modprobe: a blacklisted driver": Wrong(
        "kernel-driver-forbidden", "error", {"etc/modprobe.d/x.conf": "blacklist hv-netvsc\n"}
    ),
    "modprobe: a driver replaced by another program": Wrong(
        "kernel-driver-forbidden",
        "error",
        {"etc/modprobe.d/x.conf": "install hv_netvsc /usr/bin/true\n"},
    ),
    "modprobe: a driver replaced by /bin/false": Wrong(
        "kernel-driver-forbidden",
        "error",
        {"usr/lib/modprobe.d/x.conf": "install hv_storvsc /bin/false\n"},
    ),
    "fstab: an ESP with a replaced driver": Wrong(
        "fstab-driver-forbidden",
        "error",
        {**ESP_IN_FSTAB, "etc/modprobe.d/cis.conf": "install vfat /bin/false\n"},
    ),
    "fstab: an ESP with a blacklisted driver": Wrong(
        "fstab-driver-forbidden",
        "error",
        {**ESP_IN_FSTAB, "usr/lib/modprobe.d/cis.conf": "blacklist udf\nblacklist vfat\n"},
    ),
    "kernel: no NVMe driver": Wrong(
        "kernel-nvme",
        "warning",
        {f"{MODULES}/modules.builtin": "kernel/drivers/hv/hv_vmbus.ko\nkernel/a/nvme-core.ko\n"},
    ),
    "fstab: swap on the OS disk": Wrong(
        "swap-on-os-disk", "warning", {"etc/fstab": "/swapfile none swap sw 0 0\n"}
    ),
    "fstab: a SCSI name": Wrong(
        "fstab-by-name", "error", {"etc/fstab": "/dev/sda1 / ext4 defaults\n"}
    ),
    "fstab: an NVMe name": Wrong(
        "fstab-by-name", "error", {"etc/fstab": "/dev/nvme0n1p15 /boot/efi vfat umask=0077 0 1\n"}
    ),
    "fstab: the ID of a disk": Wrong(
        "fstab-by-name", "error", {"etc/fstab": "/dev/disk/by-id/wwn-0x5000-part1 / ext4\n"}
    ),
    "fstab: a SCSI name with nofail": Wrong(
        "fstab-by-name", "warning", {"etc/fstab": "/dev/sdb1 /mnt auto defaults,nofail 0 2\n"}
    ),
}

FINE_BOOT: Dict[str, Change] = {
    "fstab: an ESP with nofail and a forbidden driver": {
        **ESP_IN_FSTAB,
        "etc/modprobe.d/cis.conf": "install vfat /bin/false\n",
        "etc/fstab": "UUID=1 / ext4\nUUID=2 /boot/efi vfat nofail\nUUID=3 /efi vfat noauto\n",
    },
    "fstab: an ESP with a built-in driver": {
        **ESP_IN_FSTAB,
        f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\na/nvme.ko\nkernel/fs/fat/vfat.ko\n",
        "etc/modprobe.d/cis.conf": "install vfat /bin/false\ninstall ext4 /bin/false\n",
    },
    "fstab: forbidden drivers of file systems that it does not have": {
        **ESP_IN_FSTAB,
        "etc/modprobe.d/cis.conf": "install udf /bin/false\nblacklist squashfs\n",
    },
    "kernel: one of two has no NVMe driver": {
        "usr/lib/modules/4.1.0/modules.builtin": "a/hv_vmbus.ko\na/hv_netvsc.ko\na/hv_storvsc.ko\n"
    },
    "kernel: drivers with dashes": {
        f"{MODULES}/modules.dep": "kernel/hv-netvsc.ko.zst:\nkernel/hv-storvsc.ko.zst:\n"
    },
    "kernel: all drivers built in": {
        f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\na/hv_storvsc.ko\na/hv_netvsc.ko\na/nvme.ko\n",
        **grub(LINUX),
        INITRAMFS: None,
    },
    "initramfs: built in, or on another partition": {**grub(LINUX), INITRAMFS: None},
    "initramfs: beside a folder of Ubuntu": {
        f"{MODULES}/initrd/a": "",
        **grub(LINUX),
        INITRAMFS: None,
    },
    "initramfs: in a unified kernel": {
        **grub(LINUX),
        INITRAMFS: None,
        "etc/initramfs-tools/modules": "",
        "efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
        f"efi/EFI/Linux/0123-{KERNEL}.efi": pe(
            signed=True, section=".initrd", content=cpio("hv_storvsc.ko.xz") + b"MZ"
        ),
    },
    "initramfs: none in a unified kernel": {
        **grub(LINUX),
        INITRAMFS: None,
        "etc/initramfs-tools/modules": "",
        "efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
        f"efi/EFI/Linux/0123-{KERNEL}.efi": pe(signed=True),
    },
    "Flatcar": {
        "usr/lib/os-release": "ID=flatcar\nID_LIKE=coreos\n",
        GRUB: None,
        VMLINUZ: None,
        INITRAMFS: None,
        f"{MODULES}/build": "-> /usr/lib/modules",
        "usr/boot/vmlinuz": "",
        "boot/efi/flatcar/vmlinuz-a": "",
    },
    "initramfs: with the NVMe driver": {
        f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\n",
        f"{MODULES}/modules.dep": "a/hv_netvsc.ko:\na/hv_storvsc.ko:\na/nvme.ko: a\n",
        INITRAMFS: cpio("a/hv_storvsc.ko", "kernel/drivers/nvme/host/nvme.ko.zst"),
    },
    "initramfs: an early archive before the compressed one": {
        INITRAMFS: cpio("kernel/x86/microcode/AuthenticAMD.bin")
        + bytes(512)
        + gzip.compress(cpio("usr/lib/modules/x/kernel/drivers/scsi/hv_storvsc.ko"))
    },
    "initramfs: zstd, initramfs-tools with most modules": zstd_initramfs(
        "etc/initramfs-tools/initramfs.conf", "MODULES=most\n"
    ),
    "initramfs: zstd, initramfs-tools with named modules": zstd_initramfs(
        "etc/initramfs-tools/modules", "# for Azure\nhv_storvsc\n"
    ),
    "initramfs: zstd, dracut with named drivers": zstd_initramfs(
        "etc/dracut.conf.d/azure.conf", 'add_drivers+=" hv_vmbus hv_storvsc "\n'
    ),
    "initramfs: zstd, dracut for any host": zstd_initramfs("etc/dracut.conf", "hostonly=no\n"),
    "initramfs: zstd, mkinitcpio with named modules": zstd_initramfs(
        "etc/mkinitcpio.conf", "MODULES=(hv_storvsc ext4)\n"
    ),
    "kernel: leftovers of a removed one": {"usr/lib/modules/5.0.0/extra/a.ko": ""},
    "command line: none": {**grub("blscfg\n"), "etc/default/grub": None},
    "console: in grub.cfg, not in its settings": {
        "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
        **grub(f"linux /{VMLINUZ} root=UUID=1 console=tty1 console=ttyS0,115200n8\n"),
    },
    "console: in grubenv": {
        GRUB: None,
        "boot/grub2/grubenv": "kernelopts=root=UUID=1 console=ttyS0\n",
        ENTRY: "options $kernelopts\n",
    },
    "console: in the variables of Photon": {
        **grub(f"linux /{VMLINUZ} root=UUID=1 $photon_cmdline $systemd_cmdline\n"),
        "boot/photon.cfg": "photon_cmdline=init=/lib/systemd/systemd ro console=ttyS0\n",
    },
    "console: the port of Arm, on Arm": {
        **grub(f"linux /{VMLINUZ} console=ttyAMA0\n"),
        "bin/sh": elf(183),
        "var/lib/dpkg/arch": "amd64\n",
    },
    "console: another architecture": {
        **grub(f"linux /{VMLINUZ} console=ttyAMA0\n"),
        "bin/sh": elf(243),
    },
    "ESP: empty": {"boot/efi/EFI/debian/grub.cfg": f"{LINUX}\n"},
    "ESP: not mounted, kernels that no firmware starts": {VMLINUZ: pe(signed=False)},
    "ESP: a program that firmware starts": {
        "boot/efi/EFI/BOOT/BOOTX64.EFI": pe(signed=True),
        "boot/efi/EFI/debian/shimx64.efi": pe(signed=True),
        "boot/efi/EFI/debian/grub.efi": pe(signed=False),
        VMLINUZ: pe(signed=True),
    },
    "ESP: another case of letters, at /boot": {"boot/efi/boot/bootx64.efi": pe(signed=True)},
    "ESP: unified kernels on an extended boot partition": {
        "boot/EFI/Linux/a.efi": pe(signed=False)
    },
    "ESP: files that are no programs": {
        "efi/EFI/BOOT/BOOTX64.EFI": "MZ",
        "efi/EFI/BOOT/grubx64.efi": "#!",
    },
    "console: the port of Arm": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        "etc/kernel/cmdline": "console=ttyAMA0 ro\n",
    },
    "command line: a rescue entry": grub(
        f"menuentry 'a' {{\n {LINUX}\n}}\nmenuentry 'b' {{\n {LINUX} single "
        "systemd.unit=rescue.target systemd.mask=ssh.service modprobe.blacklist=hv_netvsc\n}\n"
    ),
    "command line: a rescue entry beside one with a variable": {
        GRUB: None,
        "boot/grub2/grubenv": "kernelopts=root=UUID=1 console=ttyS0\n",
        ENTRY: f"linux /{VMLINUZ}\noptions $kernelopts\n",
        "boot/loader/entries/b.conf": f"linux /{VMLINUZ}\noptions $kernelopts single\n",
    },
    "command line: a later target": grub(
        f"{LINUX} systemd.unit=rescue.target systemd.unit=multi-user.target single 3\n"
    ),
    "command line: words for other modules and services": grub(
        f"{LINUX} modprobe.blacklist=floppy module_blacklist=pcspkr systemd.mask=fstrim.timer "
        "rd.driver.blacklist=hv_netvsc rd.systemd.mask=ssh.service rd.systemd.unit=a.target\n"
    ),
    "command line: a driver that is built in": {
        f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\na/hv_storvsc.ko\na/hv_netvsc.ko\na/nvme.ko\n",
        f"{MODULES}/modules.dep": "a.ko:\n",
        **grub(f"{LINUX} module_blacklist=hv_netvsc\n"),
    },
    "GRUB: settings of its rescue entries": {
        GRUB: "blscfg\n",
        "etc/default/grub": "GRUB_CMDLINE_LINUX=console=ttyS0\n"
        "GRUB_CMDLINE_LINUX_RECOVERY=single\n",
    },
    "root=: names that every VM has": grub(
        f"linux /{VMLINUZ} root=/dev/disk/by-id/dm-name-vg-root console=ttyS0\n"
        f"linux /{VMLINUZ} root=/dev/disk/by-path/acpi-VMBUS:01-part1 console=ttyS0\n"
    ),
    "modprobe: a command that loads the driver": {
        "etc/modprobe.d/x.conf": "install hv_netvsc /sbin/modprobe -i hv_netvsc; true\n"
    },
    "ESP: a shim and its boot loader": {
        "boot/efi/EFI/BOOT/BOOTX64.EFI": shim(),
        "boot/efi/EFI/BOOT/grubx64.efi": pe(signed=True),
    },
    "ESP: a shim, fallback and BOOT.CSV": {
        "boot/efi/EFI/BOOT/BOOTX64.EFI": shim(),
        "boot/efi/EFI/BOOT/fbx64.efi": pe(signed=True),
        "boot/efi/EFI/debian/BOOTX64.CSV": "shimx64.efi,debian,,\n",
        "boot/efi/EFI/debian/shimx64.efi": pe(signed=True),
    },
    "systemd-imdsd: unlocked by default": IMDSD,
    "systemd-imdsd: unlocked": {**IMDSD_261, **grub(f"{LINUX} systemd.imds.network=unlocked\n")},
    "systemd-imdsd: turned off": {**IMDSD_261, **grub(f"{LINUX} systemd.imds=no\n")},
    "systemd-imdsd: masked": {
        **IMDSD_261,
        "etc/systemd/system-generators/systemd-imds-generator": "-> /dev/null",
    },
    "GRUB: kernel and initrd are links": grub(
        "linux /vmlinuz console=ttyS0\ninitrd /initrd.img # both\nboot\n"
    ),
    "GRUB: paths in a boot partition": grub(
        f"linux /vmlinuz-{KERNEL} console=ttyS0\ninitrd /initrd.img-{KERNEL}\n"
    ),
    "GRUB: paths in a subvolume": grub(
        f"linux /@/.snapshots/1/snapshot/{VMLINUZ} console=ttyS0\n"
        f"initrd /ROOT/debian@/{INITRAMFS}\n"
    ),
    "GRUB: paths with variables and devices": grub(
        "linux ($root)/vmlinuz-9 console=ttyS0\ninitrd (hd0,gpt2)/initrd.img-9 $extra\n"
        "linux $bootprefix/$mariner_linux console=ttyS0\ninitrd $bootprefix/$mariner_initrd\n"
        "linux '/my kernel' console=ttyS0\ninitrd newc:a:/b http://c/d\n"
    ),
    "GRUB: the default entry is complete": grub(
        f"menuentry 'new' {{\n {LINUX}\n}}\n"
        "menuentry 'other' {\n linux /boot/vmlinuz-8\n}\n"
        "menuentry 'memory' {\n linux16 /boot/memtest86+.bin\n}\n"
    ),
    "GRUB: a saved default, one entry is complete": grub(
        'set default="${saved_entry}"\nlinux /boot/vmlinuz-9 console=ttyS0\n'
        f"menuentry 'old' {{\n {LINUX}\n}}\n"
    ),
    "GRUB: the fallback entry is complete": grub(
        f"set fallback=1\nlinux /boot/vmlinuz-9 console=ttyS0\nmenuentry 'old' {{\n {LINUX}\n}}\n"
    ),
    "GRUB: a later entry is complete": grub(
        "menuentry 'other' {\n chainloader +1\n}\nmenuentry 'old' {\n linux /vmlinuz-9\n}\n"
        f"menuentry 'new' {{\n {LINUX}\n}}\n"
    ),
    "GRUB: boot loader entries that it does not read": {ENTRY: "linux /vmlinuz-9\n"},
    "systemd-boot: an entry of kernel-install": without_grub(
        {
            "boot/loader/entries/0123-6.1.conf": "title A\nlinux /0123/6.1/linux\n"
            "initrd /0123/6.1/microcode\ninitrd /0123/6.1/initrd\noptions console=ttyS0\n",
            **{f"boot/efi/0123/6.1/{name}": "" for name in ("linux", "microcode", "initrd")},
        }
    ),
    "extlinux: a kernel beside its file": without_grub(
        {
            "boot/extlinux.conf": "DEFAULT menu.c32\nLABEL m\n KERNEL memdisk\n INITRD dos.img\n"
            f"LABEL l\n LINUX vmlinuz-{KERNEL}\n INITRD initrd.img-{KERNEL}\n"
            " APPEND console=ttyS0\nLABEL h\n COM32 hdt.c32\n"
        }
    ),
    "extlinux: a kernel in its folder": without_grub(
        {
            EXTLINUX: "DEFAULT b\nLABEL a\n LINUX a\nLABEL b\n LINUX b\n APPEND console=ttyS0\n",
            "boot/extlinux/b": "",
        }
    ),
    "a unified kernel": without_grub(
        {"efi/EFI/Linux/a.efi": "MZ", "efi/EFI/BOOT/BOOTX64.EFI": "MZ"}
    ),
    "GRUB: a kernel with an unusual name": {
        **grub("linux /boot/of-mine console=ttyS0\n"),
        VMLINUZ: None,
        "boot/of-mine": "",
    },
    "a kernel beside its modules": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        VMLINUZ: None,
        f"{MODULES}/vmlinuz": "",
    },
    "a kernel of kernel-install": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        VMLINUZ: None,
        f"efi/0123456789abcdef/{KERNEL}/linux": "",
    },
    "a unified kernel beside its modules": without_grub({f"{MODULES}/vmlinuz.efi": "MZ"}),
    "a kernel without a boot loader that azprov reads": without_grub({}),
    "modules of a kernel that another partition has": without_grub({VMLINUZ: None}),
    "kernel: an old one": {
        "usr/lib/modules/4.19.0/modules.builtin": "kernel/drivers/hv/hv_vmbus.ko\n"
        "kernel/drivers/net/hyperv/hv_netvsc.ko\nkernel/drivers/scsi/hv_storvsc.ko\n"
    },
    "GRUB: its file on the EFI partition": without_grub(
        {"boot/efi/EFI/redhat/grub.cfg": f"{LINUX}\n"}
    ),
    "fstab: stable names, and mounts that do not wait": {
        "etc/fstab": "LABEL=a / ext4\nPARTUUID=b /boot ext4\n/dev/disk/azure/root-part1 /c ext4\n"
        "/dev/mapper/vg-data /data xfs\nLABEL=d /data ext4 nofail\nUUID=e /var/log xfs\n"
        "LABEL=f /f ext4 x-systemd.automount\n/dev/disk/azure/scsi1/lun0-part1 /g xfs noauto\n"
        "UUID=h /home/x xfs\nLABEL=i /i none bind\nnas:/j /j nfs\ntmpfs /tmp tmpfs\n"
        "UUID=k / btrfs\nUUID=k /.snapshots btrfs subvol=@/.snapshots\n"
        "/dev/sdc1 /x ext4 noauto\n/dev/sr0 /cd\n"
        "/dev/disk/cloud/azure_resource-part2 none swap sw,nofail 0 0\n"
    },
}
