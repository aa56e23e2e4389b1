"""About what EnergyCAP answered, or did not."""

from bulkops.messages.message import Message


def deprecated(what: str, words: str) -> str:
    """A note on a call that EnergyCAP is going to withdraw, with what it says of that."""
    said = f" (“{words}”)" if words else ""
    return (
        f"EnergyCAP says that the call for {what} is deprecated{said}: one day it will be withdrawn. What is said of the "
        "rows is true all the same. Tell IT, or whoever looks after bulkops."
    )


def to_check(check: str, code: str) -> str:
    """What to do about an unknown row: look in EnergyCAP as ``check`` says, and only then send it again."""
    return f"{check} If it is surely not there, type {code or 'its code, which the history names,'} in Send again and run again.".strip()


NOT_SENT = "This row was not sent."
RUN_AGAIN = "Then run the workbook again."
NOT_KNOWN = "It is not known whether the row was carried out."

_INSPECTED = "Ask IT: the network or a virus scanner may open secure connections with a certificate of its own, which is missing on this computer; or the address is wrong."
_CLOCK = "Look at this computer's date and time, and set them right. If they are right, tell IT or EnergyCAP's support that the certificate has to be renewed."
_ADDRESS = "Check the address and its port. If they are right, ask IT what answers there in EnergyCAP's place."

ON_THE_WAY = (
    Message(
        "net.no_connection",
        "No connection",
        "There was no connection ({words}).",
        "Check your network and the address.",
    ),
    Message(
        "net.closed", "Closed without an answer", "The connection was closed without an answer ({words}).", _ADDRESS
    ),
    Message(
        "net.slow",
        "No answer in time",
        "There was a connection, but no answer came in time.",
        "Wait a few minutes. If this comes back, check the address and its port.",
    ),
    Message(
        "net.no_web_server",
        "Not a web server",
        "What answered is not a web server, so it is not EnergyCAP ({words}).",
        _ADDRESS,
    ),
    Message(
        "net.no_tls",
        "No secure connection there",
        "What answered does not offer the secure connection that an address beginning with https:// needs ({words}).",
        _ADDRESS,
    ),
    Message(
        "net.tls",
        "No secure connection",
        "The secure connection could not be made ({words}).",
        "Ask IT: a firewall, a proxy or a virus scanner may stand in between, or this computer's system may be too old.",
    ),
    Message(
        "net.expired",
        "Certificate has expired",
        "By this computer's clock the server's certificate has expired ({words}).",
        _CLOCK,
    ),
    Message(
        "net.not_yet_valid",
        "Certificate is not valid yet",
        "By this computer's clock the server's certificate is not valid yet ({words}).",
        _CLOCK,
    ),
    Message(
        "net.out_of_date",
        "Certificate is out of date",
        "By this computer's clock the server's certificate has expired or is not valid yet ({words}).",
        _CLOCK,
    ),
    Message(
        "net.self_signed",
        "A self-signed certificate",
        "The server shows a certificate that it has signed itself ({words}).",
        _INSPECTED,
    ),
    Message(
        "net.unknown_authority",
        "Certificate of an unknown authority",
        "The server's certificate was issued by an authority that this computer does not know ({words}).",
        _INSPECTED,
    ),
    Message(
        "net.other_host",
        "Certificate of another server",
        "The server's certificate is made out to another address ({words}).",
        "Check the address. If it is right, ask IT what answers there in EnergyCAP's place.",
    ),
    Message(
        "net.certificate",
        "Certificate is not trusted",
        "This computer does not trust the server's certificate ({words}).",
        _INSPECTED,
    ),
    Message(
        "net.proxy_login",
        "The proxy wants a user name",
        "Your network's proxy wants a user name and a password ({words}).",
        "Ask IT to let this program through the proxy, or for the address of a proxy that needs no password.",
    ),
    Message(
        "net.proxy_blocked",
        "The proxy refused the connection",
        "Your network's proxy does not let the connection to EnergyCAP through ({words}).",
        "Ask IT to allow this program to reach EnergyCAP.",
    ),
    Message(
        "net.proxy_failed",
        "The proxy did not reach EnergyCAP",
        "Your network's proxy did not get through to EnergyCAP ({words}).",
        "Check the address, and wait a few minutes. If this comes back, ask IT.",
    ),
    Message(
        "net.proxy_gone",
        "The proxy was not reached",
        "The proxy that is set on this computer was not reached ({words}).",
        "Ask IT for the right proxy: away from the office, its proxy may not be there.",
    ),
    Message(
        "net.proxy_odd",
        "Not a proxy",
        "What is set as the proxy on this computer did not answer as a proxy does ({words}).",
        "Ask IT for the right proxy: its address is in the system's settings or in the variable HTTPS_PROXY.",
    ),
    Message(
        "net.proxy_setting",
        "The proxy's address cannot be read",
        "The proxy that is set on this computer has an address that cannot be read.",
        "Correct it in the system's settings or in the variable HTTPS_PROXY: it looks like http://proxy.example.com:8080.",
    ),
    Message(
        "net.proxy_socks",
        "A SOCKS proxy",
        "The proxy that is set on this computer is a SOCKS proxy, which bulkops cannot use.",
        "Ask IT for the address of a web proxy, and set the variable HTTPS_PROXY to it.",
    ),
    Message(
        "net.all_proxy",
        "A proxy that is not used",
        "There was no direct connection ({words}). The variable ALL_PROXY names a proxy, but bulkops does not use that variable.",
        "Set the variable HTTPS_PROXY to the proxy's address, if it is a web proxy. If not, ask IT for one.",
    ),
)
"""What kept an answer from coming. What that means for a row, or a run, is said after it."""

MESSAGES = (
    *ON_THE_WAY,
    Message(
        "sent.empty_list",
        "The list is empty",
        "The list held no bills, so nothing was edited.",
        "Check the List ID, and in EnergyCAP what the list selects. Once it holds bills, type the row's code in Send again and run again.",
        warning=True,
    ),
    Message(
        "bills.changed",
        "Another number of bills than before the run",
        "Bills in the list: {value} before the run, {extra} when it was edited.",
        "Open the list in EnergyCAP and see which bills it holds: all of them were edited, and none that had left it. Correct the flags of bills that do not belong there.",
        warning=True,
    ),
    Message(
        "sent.refused",
        "EnergyCAP refused the row",
        "EnergyCAP refused it: “{words}”",
        "Correct the row and run the workbook again.",
    ),
    Message(
        "sent.not_found",
        "EnergyCAP does not find it",
        "EnergyCAP does not find it: “{words}”",
        "Check the id or GUID, and that this is the right environment.",
    ),
    Message(
        "sent.no_right",
        "Key or permission refused",
        "EnergyCAP did not allow it: “{words}”",
        "Ask your EnergyCAP administrator: the key does not work here, or its owner lacks the permission for this.",
    ),
    Message(
        "sent.proxy",
        "The proxy refused it",
        "Your network's proxy did not let it through: “{words}”",
        "Ask IT to allow this program to reach EnergyCAP.",
    ),
    Message(
        "sent.not_energycap",
        "Something else answered",
        "Something in EnergyCAP's place answered (“{words}”), and EnergyCAP itself did not answer a question after that. It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.busy",
        "EnergyCAP is too busy",
        "EnergyCAP is busy and asked to wait, so the row was not carried out.",
        "Run the workbook again later.",
    ),
    Message(
        "sent.redirected",
        "Sent elsewhere",
        "EnergyCAP answered with another address ({words}), which was not followed. It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.server_error",
        "EnergyCAP had an error",
        "EnergyCAP had an error of its own ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.odd_answer",
        "An answer that cannot be trusted",
        "The answer was not one that EnergyCAP is known to give ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.no_answer",
        "No answer",
        "No whole answer came ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.interrupted",
        "The program ended while it was sent",
        "bulkops ended while this row was being sent. It is not known whether the row was carried out.",
        "{check}",
    ),
    Message(
        "sent.not_reached",
        "EnergyCAP was not reached",
        "EnergyCAP was not reached ({words}). This row was not sent.",
        "Check your network, then run the workbook again.",
    ),
    Message(
        "sent.not_trusted",
        "Not a trusted EnergyCAP",
        "This computer does not trust the server at that address ({words}). This row was not sent.",
        "Ask IT: the address may be wrong, or your network's own certificate is missing on this computer.",
    ),
)
