"""Start a program that ends with its parent, as another user where that is asked for.

Run as a script, by file name, in front of the real command:

    python launcher.py PARENT_PID SIGNAL USER_ID CAPABILITIES -- COMMAND...

* When the parent dies, even by ``kill -9``, the kernel sends the command SIGNAL (Linux only).
* USER_ID other than ``-1`` drops root for good. PostgreSQL refuses to run as root, so as root
  it runs as an ordinary user; that user may be unable to enter the folder which holds the data
  or the programs (``/root`` for one). CAPABILITIES names, by number, what it may keep to get
  there: 2 is CAP_DAC_READ_SEARCH, 1 is CAP_DAC_OVERRIDE, ``-`` is nothing.

It imports nothing but the standard library, and little of that, because it stands in front of
every process the desk starts.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilityData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def call(function: str, *arguments: object) -> None:
    """Call the C library; a refusal raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def prctl(option: int, *arguments: int) -> None:
    padded = [*arguments, 0, 0, 0, 0][:4]
    call("prctl", option, *(ctypes.c_ulong(argument) for argument in padded))


def become(user_id: int, capabilities: list[int]) -> None:
    """Turn from root into ``user_id``, keeping no more than ``capabilities``."""
    if capabilities:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)
    if not capabilities:
        return
    mask = sum(1 << number for number in capabilities)
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    data = (CapabilityData * 2)(CapabilityData(mask, mask, mask), CapabilityData(0, 0, 0))
    call("capset", ctypes.byref(header), data)
    for number in capabilities:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number)


def die_with(parent_id: int, signal_number: int) -> None:
    """Ask for ``signal_number`` when the parent ends. Must follow become(), which resets it."""
    prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent_id:
        sys.exit("The process that asked for this one has already ended.")


def main(arguments: list[str]) -> None:
    parent_id, signal_number, user_id = (int(word) for word in arguments[:3])
    capabilities = [] if arguments[3] == "-" else [int(word) for word in arguments[3].split(",")]
    command = arguments[5:]
    if user_id >= 0:
        become(user_id, capabilities)
    if sys.platform == "linux":
        die_with(parent_id, signal_number)
    os.execv(command[0], command)  # noqa: S606 -- becoming the command is the whole point


if __name__ == "__main__":
    main(sys.argv[1:])
