"""The sitecustomize of the Python under wine: what wine 8's runtime library lacks is put in its place."""

from __future__ import annotations

import ctypes
import errno
import msvcrt
from ctypes import wintypes

from complex_functions import NAMES

STUB = bytes.fromhex("4883ec28488d0d")
"""How a function begins that wine does not have and that ends the program."""
JUMP = b"\xff\x25\0\0\0\0"
WRITABLE = 0x40


def complex_functions() -> None:
    """Each that is missing becomes a jump to ours."""
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.GetModuleHandleW.restype = kernel32.GetProcAddress.restype = ctypes.c_void_p
    kernel32.GetProcAddress.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    kernel32.VirtualProtect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, wintypes.DWORD, ctypes.c_void_p]
    ours = ctypes.WinDLL(r"C:\wine_gaps.dll")._handle
    theirs = kernel32.GetModuleHandleW("ucrtbase.dll")
    before = wintypes.DWORD()
    for name in (f"{each}{end}".encode() for each in NAMES for end in ("f", "", "l")):
        missing = kernel32.GetProcAddress(theirs, name)
        if missing and ctypes.string_at(missing, len(STUB)) == STUB:
            code = JUMP + kernel32.GetProcAddress(ours, b"own_" + name).to_bytes(8, "little")
            kernel32.VirtualProtect(missing, len(code), WRITABLE, ctypes.byref(before))
            ctypes.memmove(missing, code, len(code))


def locking() -> None:
    """Where another has the lock, wine's leaves errno as it was; Microsoft's says EACCES."""
    lock = msvcrt.locking

    def locked(handle: int, mode: int, count: int) -> None:
        try:
            lock(handle, mode, count)
        except OSError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    msvcrt.locking = locked


complex_functions()
locking()
