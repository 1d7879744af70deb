"""A network namespace of one's own (Linux), in which nothing but loopback is to be reached."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

from evalkit.errors import StartError

_NEWUSER, _NEWNET = 0x10000000, 0x40000000  # <linux/sched.h>
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>, <linux/if.h>


def enter_namespace() -> None:
    """Leave the network: from now on this process, and all that it starts, has a loopback only.

    To be called before the process has other threads. Raises `StartError` where the system does not
    permit it.
    """
    if sys.platform != "linux":
        raise _refused("this system has no network namespaces")
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if user == 0 and libc.unshare(_NEWNET) == 0:
        _loopback_up()
        return
    if libc.unshare(_NEWUSER | _NEWNET) != 0:
        raise _refused(os.strerror(ctypes.get_errno()))
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _loopback_up()
    except OSError as error:
        raise _refused(str(error.strerror)) from error


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = b"lo"
        asked = fcntl.ioctl(sock, _GET_FLAGS, struct.pack("16sH14x", name, 0))
        flags = struct.unpack("16sH14x", asked)[1]
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sH14x", name, flags | _UP))


def _refused(why: str) -> StartError:
    return StartError(
        f"the agent cannot be kept from the network: {why}",
        hint="`egress: proxied` refuses what goes by way of the proxy variables",
    )
