"""Run by a Python that has the package ``milvus``, in a network namespace of its own, where nobody else is.

    python milvus_standalone.py FD FOLDER

Milvus listens on all interfaces, so only the loopback of that namespace may be there; FD is a listening
socket of the namespace outside, and what connects to it is passed on.
"""

import fcntl
import socket
import struct
import sys
import threading
from contextlib import suppress

from milvus import default_server

PORT = 19530
SIOCSIFFLAGS = 0x8914
UP_AND_RUNNING = 0x41


def raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", UP_AND_RUNNING))


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def relay(listening: socket.socket) -> None:
    while True:
        outside, _ = listening.accept()
        inside = socket.create_connection(("127.0.0.1", PORT))
        for ends in ((outside, inside), (inside, outside)):
            threading.Thread(target=pass_on, args=ends, daemon=True).start()


if __name__ == "__main__":
    raise_loopback()
    default_server.set_base_dir(sys.argv[2])
    default_server.listen_port = PORT
    default_server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Thread(target=relay, args=(socket.socket(fileno=int(sys.argv[1])),), daemon=True).start()
    # Ends with whoever started it; and with the namespace's first process, all others in there end.
    sys.stdin.read()
