"""About what EnergyCAP answered, or did not."""

from __future__ import annotations

from bulkops.sentences.entry import Entry


def deprecated(what: str, words: str) -> str:
    """A note on a call that EnergyCAP is going to withdraw, with what it says of that."""
    said = f" (“{words}”)" if words else ""
    return (
        f"EnergyCAP says that the call for {what} is deprecated{said}: one day it will be withdrawn. The rows are as they "
        "are told. Tell IT, or whoever looks after bulkops."
    )


ENTRIES = (
    Entry(
        "sent.empty_list",
        "The list is empty",
        "The list held no bills, so nothing was edited.",
        "Check the List ID, and in EnergyCAP what the list selects. Once it holds bills, type Yes in Send again and run again.",
        warning=True,
    ),
    Entry(
        "sent.refused",
        "EnergyCAP refused the row",
        "EnergyCAP refused it: “{words}”",
        "Correct the row and run the workbook again.",
    ),
    Entry(
        "sent.not_found",
        "EnergyCAP does not find it",
        "EnergyCAP does not find it: “{words}”",
        "Check the id or GUID, and that this is the right environment.",
    ),
    Entry(
        "sent.no_right",
        "Key or permission refused",
        "EnergyCAP did not allow it: “{words}”",
        "Ask your EnergyCAP administrator: the key does not work here, or its owner lacks the permission for this.",
    ),
    Entry(
        "sent.proxy",
        "The proxy refused it",
        "Your network's proxy did not let it through: “{words}”",
        "Ask IT to allow this program to reach EnergyCAP.",
    ),
    Entry(
        "sent.busy",
        "EnergyCAP is too busy",
        "EnergyCAP is busy and asked to wait, so the row was not carried out.",
        "Run the workbook again later.",
    ),
    Entry(
        "sent.redirected",
        "Sent elsewhere",
        "EnergyCAP answered with another address ({words}), which was not followed. It is not known whether the row was carried out.",
        "{check}",
    ),
    Entry(
        "sent.server_error",
        "EnergyCAP had an error",
        "EnergyCAP had an error of its own ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Entry(
        "sent.odd_answer",
        "An answer that cannot be trusted",
        "The answer was not one that EnergyCAP is known to give ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Entry(
        "sent.no_answer",
        "No answer",
        "No whole answer came ({words}). It is not known whether the row was carried out.",
        "{check}",
    ),
    Entry(
        "sent.interrupted",
        "The program ended while it was sent",
        "bulkops ended while this row was being sent. It is not known whether the row was carried out.",
        "{check}",
    ),
    Entry(
        "sent.not_reached",
        "EnergyCAP was not reached",
        "EnergyCAP was not reached ({words}). This row was not sent.",
        "Check your network, then run the workbook again.",
    ),
    Entry(
        "sent.not_trusted",
        "Not a trusted EnergyCAP",
        "This computer does not trust the server at that address ({words}). This row was not sent.",
        "Ask IT: the address may be wrong, or your network's own certificate is missing on this computer.",
    ),
)
