"""Whether the kernels can drive a VM on Azure: the bus, the disk and the network of Hyper-V."""

import shlex
from typing import FrozenSet, Iterator, List, NamedTuple, Optional

from ...formats.host.config_syntax import parse_assignments, uncommented
from ..facts.image import Image
from ..facts.initramfs import find_modules
from ..finding import ERROR, NOTE, WARNING, Finding

# https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic, read 2026-11-22
_DRIVERS = ("hv_vmbus", "hv_netvsc", "hv_storvsc")
# Without these the kernel does not find its root; the network can wait for the root.
_DISK_DRIVERS = ("hv_vmbus", "hv_storvsc")
_MODPROBE_FOLDERS = [
    *("/etc/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"),
]
_MODULE_FOLDERS = ("/usr/lib/modules", "/lib/modules")


class Kernel(NamedTuple):
    """What is built into a kernel, and what it has as modules, of the drivers above."""

    version: str
    folder: str
    built_in: FrozenSet[str]
    modules: FrozenSet[str]


def kernels(image: Image) -> List[Kernel]:
    """Those whose modules are installed, by version."""
    found = {}
    for parent in _MODULE_FOLDERS:
        for folder in image.matching(parent):
            version = folder.rpartition("/")[2]
            lists = [f"{folder}/modules.builtin", f"{folder}/modules.dep"]
            if version not in found and image.is_there(*lists):
                found[version] = Kernel(version, folder, *[_drivers(image, path) for path in lists])
    return [found[version] for version in sorted(found)]


def check_drivers(image: Image) -> Iterator[Finding]:
    """Azure's page on creating an image of any distribution names the three."""
    installed = kernels(image)
    if not installed:
        yield Finding(
            "kernel-none",
            WARNING,
            "no kernel's modules are installed, so this root does not boot by itself, and "
            "whether its kernel has the drivers for Azure is not known",
            image.install(
                "linux-image-cloud-amd64",
                dnf="kernel",
                tdnf="kernel",
                zypper="kernel-default",
                apk="linux-virt",
                pacman="linux",
            ),
        )
    lacking = {
        kernel.version: [name for name in _DRIVERS if name not in kernel.built_in | kernel.modules]
        for kernel in installed
    }
    for kernel in installed:
        missing = ", ".join(lacking[kernel.version])
        if missing:
            others = [version for version in lacking if not lacking[version]]
            yield Finding(
                "kernel-drivers",
                WARNING if others else ERROR,
                f"kernel {kernel.version} has no {missing}, so a VM that boots it finds neither "
                "disk nor network on Azure",
                f"remove it, so that {others[-1]} boots"
                if others
                else image.install(
                    "linux-image-cloud-amd64",
                    dnf="kernel-core",
                    tdnf="kernel-hci",
                    zypper="kernel-default",
                    apk="linux-virt",
                    pacman="linux",
                ),
            )


def check_forbidden(image: Image) -> Iterator[Finding]:
    """modprobe.d(5): what is blacklisted is not loaded for its device."""
    modules = frozenset(name for kernel in kernels(image) for name in kernel.modules)
    for path in image.layered(_MODPROBE_FOLDERS, ".conf"):
        for line in uncommented(image.text(path)):
            words = line.replace("-", "_").split()
            is_forbidden = words[0] == "blacklist" or (
                words[0] == "install" and words[2:3] in (["/bin/false"], ["/bin/true"])
            )
            if is_forbidden and words[1:2] and words[1] in modules:
                yield Finding(
                    "kernel-driver-forbidden",
                    ERROR,
                    f"{image.shown(path)} keeps {words[1]} from being loaded, so a VM has no "
                    + ("network" if words[1] == "hv_netvsc" else "disk")
                    + " on Azure",
                    f"take the line out of {image.shown(path)}, and make the initramfs anew",
                )


def check_initramfs(image: Image) -> Iterator[Finding]:
    """What is a module has to be in the initramfs, or the root is never found."""
    for kernel in kernels(image):
        needed = [name for name in _DISK_DRIVERS if name in kernel.modules - kernel.built_in]
        path = _initramfs(image, kernel)
        if not needed:
            continue
        if path is None:
            yield Finding(
                "initramfs-none",
                NOTE,
                f"no initramfs of kernel {kernel.version} was found, and {', '.join(needed)} "
                "must be in it for the root to be found",
                f"see that it is made before the image is used: {rebuild_initramfs(image, kernel)}",
            )
            continue
        content = find_modules(image.root, path, frozenset(needed))
        missing = [name for name in needed if name not in content.found]
        if not missing or (content.unread and _is_ordered(image, missing)):
            continue
        names = ", ".join(missing)
        if content.unread:
            yield Finding(
                "initramfs-unread",
                NOTE,
                f"{image.shown(path)} could not be looked into ({content.unread}), so whether it "
                f"has {names} is not known; without them the root is not found",
                f"list it with lsinitramfs or lsinitrd; {_order(image, names)}",
            )
        else:
            yield Finding(
                "initramfs-drivers",
                ERROR,
                f"{image.shown(path)} has no {names}, so kernel {kernel.version} does not find "
                "its root on Azure and the deployment fails after 40 minutes",
                f"{_order(image, names)}, then: {rebuild_initramfs(image, kernel)}",
            )


def _drivers(image: Image, path: str) -> FrozenSet[str]:
    """Which of the drivers a modules.builtin or modules.dep lists."""
    found = set()
    for line in image.text(path).splitlines():
        name = line.partition(":")[0].rpartition("/")[2].partition(".ko")[0].replace("-", "_")
        if name in _DRIVERS:
            found.add(name)
    return frozenset(found)


def _initramfs(image: Image, kernel: Kernel) -> Optional[str]:
    """Where distributions put it."""
    flavour = kernel.version.rpartition("-")[2]
    package = image.text(f"{kernel.folder}/pkgbase").strip() or "linux"
    machine_id = image.text("/etc/machine-id").strip() or "Default"
    names = [
        f"/boot/initrd.img-{kernel.version}",
        f"/boot/initramfs-{kernel.version}.img",
        f"/boot/initrd-{kernel.version}",
        f"/boot/initramfs-{flavour}",
        f"/boot/initramfs-{package}.img",
        f"/boot/{machine_id}/{kernel.version}/initrd",
        f"/efi/{machine_id}/{kernel.version}/initrd",
        f"{kernel.folder}/initrd",
        f"{kernel.folder}/initramfs.img",
    ]
    return next((path for path in names if image.is_there(path)), None)


def _is_ordered(image: Image, drivers: List[str]) -> bool:
    """Whether the maker of the initramfs was told to put these in, or all there are."""
    listed = uncommented(image.text("/etc/initramfs-tools/modules"))
    names = [line.split()[0] for line in listed]
    for path in [
        "/etc/dracut.conf",
        *image.matching("/etc/dracut.conf.d", ".conf"),
        *image.matching("/usr/lib/dracut/dracut.conf.d", ".conf"),
    ]:
        settings = parse_assignments(image.text(path))
        if settings.get("hostonly", "").lower() == "no":
            return True
        names += " ".join(
            [settings.get("add_drivers", ""), settings.get("force_drivers", "")]
        ).split()
    mkinitcpio = parse_assignments(image.text("/etc/mkinitcpio.conf"))
    names += mkinitcpio.get("MODULES", "").strip("()").split()
    if all(name in names for name in drivers):
        return True
    scope = ""
    for path in [
        "/etc/initramfs-tools/initramfs.conf",
        *image.matching("/etc/initramfs-tools/conf.d"),
    ]:
        scope = parse_assignments(image.text(path)).get("MODULES", scope)
    return scope == "most"


def _order(image: Image, names: str) -> str:
    """How to have drivers put into the initramfs."""
    words = names.replace(",", "")
    if image.is_there("/etc/initramfs-tools"):
        return f"add {names} to {image.shown('/etc/initramfs-tools/modules')}, one a line"
    if image.is_there("/etc/mkinitcpio.conf"):
        return f"write MODULES=({words}) into {image.shown('/etc/mkinitcpio.conf')}"
    return f'write add_drivers+=" {words} " into {image.shown("/etc/dracut.conf.d/azure.conf")}'


def rebuild_initramfs(image: Image, kernel: Kernel) -> str:
    """The command that makes a kernel's initramfs anew."""
    version = shlex.quote(kernel.version)
    if image.is_there("/etc/initramfs-tools"):
        return image.inside(f"update-initramfs -c -k {version}")
    if image.is_there("/etc/mkinitcpio.conf"):
        return image.inside("mkinitcpio -P")
    if image.tool == "apk":
        return image.inside(f"mkinitfs {version}")
    return image.inside(f"dracut --force --kver {version}")


RULES = (check_drivers, check_forbidden, check_initramfs)
