"""About what EnergyCAP answered, or did not."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES = (
    Entry(
        "sent.refused",
        "EnergyCAP refused the row",
        "EnergyCAP refused it: {words}",
        "Correct the row and run the workbook again.",
    ),
    Entry(
        "sent.not_found",
        "EnergyCAP does not find it",
        "EnergyCAP does not find it: {words}",
        "Check the id or GUID, and that this is the right environment.",
    ),
    Entry(
        "sent.no_right",
        "Key or permission refused",
        "EnergyCAP did not allow it: {words}",
        "Either the key is not valid here, or its owner lacks the permission for this. Ask your EnergyCAP administrator.",
    ),
    Entry(
        "sent.proxy",
        "The proxy refused it",
        "The network's proxy did not let it through: {words}",
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
        "EnergyCAP answered with another address ({words}), which was not followed.",
        "{check}",
    ),
    Entry(
        "sent.server_error",
        "EnergyCAP had an error",
        "EnergyCAP had an error of its own ({words}); it may have carried the row out.",
        "{check}",
    ),
    Entry(
        "sent.odd_answer",
        "An answer that cannot be trusted",
        "The answer was not the documented one ({words}); the row may have been carried out.",
        "{check}",
    ),
    Entry(
        "sent.no_answer", "No answer", "No whole answer came ({words}); the row may have been carried out.", "{check}"
    ),
    Entry(
        "sent.interrupted",
        "The program ended while it was sent",
        "bulkops ended while this row was being sent; it may have been carried out.",
        "{check}",
    ),
    Entry(
        "sent.not_reached",
        "EnergyCAP was not reached",
        "EnergyCAP was not reached ({words}). Nothing was sent.",
        "Check the network and run the workbook again.",
    ),
    Entry(
        "sent.not_trusted",
        "Not a trusted EnergyCAP",
        "The server's certificate is not trusted ({words}). Nothing was sent.",
        "Check the address. If your network inspects secure traffic, ask IT to install its certificate.",
    ),
)
