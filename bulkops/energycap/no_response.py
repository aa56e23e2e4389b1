"""What kept an answer from coming, told by the exceptions: the catalogue code of the sentence that says so.

It decides about words alone; what an exception proves, ``classify`` says.
"""

import re
import ssl
from collections.abc import Sequence

_CERTIFICATES = {
    **dict.fromkeys((10, -67818), "net.expired"),
    **dict.fromkeys((9, -67819), "net.not_yet_valid"),
    18: "net.self_signed",
    **dict.fromkeys((19, 20, 21, 0x800B0109, 0x800B010A, -67843, -25318), "net.unknown_authority"),
    **dict.fromkeys((62, 64, 0x800B010F, -67602), "net.other_host"),
    0x800B0101: "net.out_of_date",
}
"""By the number of OpenSSL, of Windows (CERT_E_EXPIRED there is too late or too early) or of macOS."""
OF_THE_CLOCK = frozenset({"net.expired", "net.not_yet_valid", "net.out_of_date"})
"""A computer whose clock is wrong finds good certificates so."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
"""OpenSSL's reasons where what answers is no TLS."""
_NOT_CONNECTED = {"NewConnectionError", "NameResolutionError", "ConnectTimeout", "ConnectTimeoutError"}
_NOT_A_SETTING = {"InvalidProxyURL", "ProxySchemeUnknown", "LocationParseError"}
_CLOSED = {"RemoteDisconnected", "ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError"}
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]+)")
_SPOKEN = {
    "SSH-": "SSH",
    "220": "as servers for mail or FTP do",
    "\x15\x03": "TLS, as behind an address that begins with https://",
    "\x16\x03": "TLS, as behind an address that begins with https://",
    "PRI * ": "gRPC, or the web in its second version alone",
    "\0": "gRPC, or the web in its second version alone",
    "<": "a page without the line that comes first",
}
"""What a first line that is none of a web server's begins with, and how its server speaks."""


def cause(chain: Sequence[BaseException], proxied: bool, all_proxy: bool) -> str:
    """The catalogue code for a chain of exceptions; "" where there is no better word than the table's own.

    ``proxied``: the way led through a proxy. ``all_proxy``: it did not, although ALL_PROXY names one.
    """
    names = {type(each).__name__ for each in chain}
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(getattr(each, "verify_code", 0), "net.certificate")
    if "InvalidSchema" in names:
        return "net.proxy_socks"
    if proxied and names & _NOT_A_SETTING:
        return "net.proxy_setting"
    if refused := _TUNNEL.search(" ".join(str(arg) for each in chain for arg in each.args)):
        return "net.proxy_login" if refused[1] == "407" else _refused(refused[1])
    if "ProxyError" in names and names & _NOT_CONNECTED:
        return "net.proxy_gone"
    if all_proxy and names & _NOT_CONNECTED:
        return "net.all_proxy"
    return _of_the_answer(chain, names, proxied and "MayHaveLeftError" not in names)


def _refused(status: str) -> str:
    return "net.proxy_failed" if status.startswith("5") else "net.proxy_blocked"


def _of_the_answer(chain: Sequence[BaseException], names: set[str], at_the_proxy: bool) -> str:
    """Somebody answered, or closed the connection."""
    secure = next((each for each in chain if isinstance(each, ssl.SSLError) and each.reason), None)
    if secure is not None:
        return "net.no_tls" if secure.reason in _NO_TLS else "net.tls"
    if names & {"BadStatusLine", "UnknownProtocol"}:
        return "net.proxy_odd" if at_the_proxy else "net.no_web_server"
    if names & _CLOSED:
        return "net.proxy_odd" if at_the_proxy else "net.closed"
    return "net.slow" if "ReadTimeoutError" in names else ""


def spoken(line: str) -> str:
    """A first line that is none of a web server's: how its server speaks, as far as that is known, and the line."""
    known = next((speech for start, speech in _SPOKEN.items() if line.startswith(start)), "")
    shown = line.strip() if line.strip().isprintable() else ""
    return ": ".join(filter(None, (known, shown))) or "nothing that can be read"
