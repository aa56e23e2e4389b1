"""A process's own limits on Windows, which knows them for jobs only: a job of one process."""

import struct
import sys

_PROCESS_TIME, _PROCESS_MEMORY = 0x2, 0x100
_EXTENDED_LIMITS = 9
"""Of the kinds of facts about a job: JobObjectExtendedLimitInformation."""
_LAYOUT = "<qqL4xQQL4xQLL48xQQQQ"
"""JOBOBJECT_EXTENDED_LIMIT_INFORMATION of 64 bits, as winnt.h has it."""
_TICKS = 10_000_000
"""A second is so many of Windows' units of time."""


def limits(memory: int, seconds: float) -> bytes:
    """So many bytes, and so many seconds of a processor, in the form that Windows reads."""
    flags = _PROCESS_TIME | _PROCESS_MEMORY
    return struct.pack(_LAYOUT, int(seconds * _TICKS), 0, flags, 0, 0, 0, 0, 0, 0, memory, 0, 0, 0)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel32.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_char_p, wintypes.DWORD]
    _kernel32.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]

    def limit(memory: int, seconds: float) -> bool:
        """Set both for this process, for good; False if Windows does not. The job lasts as long as the process."""
        packed = limits(memory, seconds)
        job = _kernel32.CreateJobObjectW(None, None)
        return bool(
            job
            and _kernel32.SetInformationJobObject(job, _EXTENDED_LIMITS, packed, len(packed))
            and _kernel32.AssignProcessToJobObject(job, _kernel32.GetCurrentProcess())
        )
