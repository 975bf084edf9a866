"""A networkd for the tests: its varlink socket, and the file that shows that it runs."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List

SOCKET = "run/systemd/netif/io.systemd.Network"
#: What the networkd of systemd 257 replied.
NOT_DESCRIBED = (
    b'{"error":"org.varlink.service.MethodNotFound",'
    b'"parameters":{"method":"io.systemd.Network.Describe"}}\0'
)


class Networkd:
    """A varlink server at networkd's socket, with one reply to every call.

    As in networkd, a connection stays open after a whole reply, which ends with a zero byte.
    """

    def __init__(self, folder: Path, reply: bytes) -> None:
        self.calls: List[bytes] = []
        self._reply = reply
        path = folder / SOCKET
        path.parent.mkdir(parents=True)
        (path.parent / "state").write_text("OPER_STATE=routable\n")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                call = connection.recv(65536)
                if not call:
                    return
                self.calls.append(call)
                with suppress(OSError):  # the client does not read everything
                    connection.sendall(self._reply)
                if self._reply.endswith(b"\0"):
                    connection.recv(1)

    def stop(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self._listener.getsockname())
        self._thread.join()
        self._listener.close()


def running(folder: Path, reply: bytes) -> Iterator[Networkd]:
    networkd = Networkd(folder, reply)
    try:
        yield networkd
    finally:
        networkd.stop()
