"""A simulated platform on loopback, which counts the reports that it acknowledged."""

import json
import socket
from contextlib import contextmanager
from typing import Iterator, List, Sequence

from ports import RawServer, read_request
from sample_files import sample
from strict_wireserver import GOAL_STATE, READY

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
ADMIN = "azureuser"
KEY = sample("ssh_key/ed25519.pub").decode()
_METADATA = {
    "name": "web01",
    "osProfile": {
        "adminUsername": ADMIN,
        "computerName": "web01",
        "disablePasswordAuthentication": "true",
    },
    "vmId": VM,
}


class Azure:
    """WireServer and the metadata service; the metadata contains the given public keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys
        self.ready_reports = 0
        self.failure_reports = 0
        self.wireserver = RawServer(self._ask_wireserver)
        self.imds = RawServer(self._ask_imds)

    @property
    def imds_option(self) -> List[str]:
        return ["--imds", str(self.imds.endpoint), "--imds-timeout", "10"]

    @property
    def options(self) -> List[str]:
        wireserver = ["--wireserver", str(self.wireserver.endpoint), "--timeout", "20"]
        return [*wireserver, *self.imds_option]

    @property
    def reports(self) -> int:
        """Count the acknowledged reports, after reading every request that was sent.

        WireServer serves connections one after the other, so this one is the last.
        """
        endpoint = self.wireserver.endpoint
        with socket.create_connection((endpoint.address, endpoint.port)) as last:
            last.shutdown(socket.SHUT_WR)
            last.recv(1)
        return self.ready_reports + self.failure_reports

    def _ask_wireserver(self, connection: socket.socket) -> None:
        request = read_request(connection)
        if request.startswith(b"GET /machine?comp=goalstate "):
            _answer(connection, GOAL_STATE)
            return
        assert request.startswith(b"POST /machine?comp=health "), request
        # The report counts even if azprov is killed before it reads the answer.
        if request.endswith(READY):
            self.ready_reports += 1
        else:
            assert b"<State>NotReady</State>" in request, request
            self.failure_reports += 1
        _answer(connection, b"")

    def _ask_imds(self, connection: socket.socket) -> None:
        read_request(connection)
        keys = [{"keyData": key, "path": ""} for key in self._keys]
        compute = dict(_METADATA, publicKeys=keys)
        _answer(connection, json.dumps({"compute": compute}).encode("ascii"))


@contextmanager
def running_azure(keys: Sequence[str]) -> Iterator[Azure]:
    azure = Azure(keys)
    with azure.wireserver, azure.imds:
        yield azure


def _answer(connection: socket.socket, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head + body)
