"""Files with names that somebody's program could stumble over, and links that lead elsewhere."""

import os
import socket
from pathlib import Path

NAMES = [
    b"a\\..\\..\\windows\\x.txt",
    b"a" * 251 + b".txt",
    "report\u202efdp.txt".encode(),
    "cafe\u0301.txt".encode(),
    "caf\u00e9.txt".encode(),
    "\U0001f600.txt".encode(),
    b"con.txt",
    b"-rf.txt",
    b"file\nname.txt",
    b"tab\tand\x07bell.txt",
    b"<img src=x onerror=alert(1)>.txt",
    b"x'; DROP TABLE documents;--.txt",
    b"${jndi:ldap:127.0.0.1}.txt",
    b"{{7*7}} %s %n {0}.txt",
    b"  .txt",
    b"%2e%2e%2fx.txt",
    b"a?b#c&d=e.txt",
    b"latin-\xff\xfe-1.txt",
    b"other-\xfe\xff-1.txt",
    b"~root.txt",
    b"*.txt",
    b"[x].txt",
]


def write_odd_names(folder: Path) -> int:
    """A readable document of its own content under each name, some deep below; how many."""
    for number, name in enumerate(NAMES):
        (folder / os.fsdecode(name)).write_text(f"# Odd\n\nOdd document {number} is the {number}th.")
    deep = folder.joinpath(*["deeper and deeper"] * 12)
    deep.mkdir(parents=True)
    (deep / "deep.txt").write_text("The deepest document of them all.")
    return len(NAMES) + 1


def write_links(folder: Path, secret: Path) -> None:
    """Links out of the folder, in circles and to nothing; a pipe and a socket: no documents at all."""
    (folder / "outside.txt").symlink_to(secret)
    (folder / "parent").symlink_to(secret.parent, target_is_directory=True)
    (folder / "relative.txt").symlink_to(Path("..") / secret.name)
    (folder / "root").symlink_to("/", target_is_directory=True)
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "nothing.txt").symlink_to(folder / "nowhere.txt")
    (folder / "devices.txt").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.txt")
    here = os.open(folder, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{here}/socket.txt")
    finally:
        os.close(here)
