"""About environments, keys and whose they are."""

from bulkops.messages.message import Message

MESSAGES = (
    Message("env.unknown", "No such environment", "There is no environment “{value}”.", "Choose one of: {extra}."),
    Message(
        "env.address",
        "Address not allowed",
        "{value} cannot be used as EnergyCAP's address.",
        "Type an address that begins with https://. For practice on this computer, http://127.0.0.1 or http://localhost will do.",
    ),
    Message(
        "key.missing",
        "No key",
        "There is no API key for {value} on this computer.",
        "Store the API key of your EnergyCAP user, and run again. It is not shown while you type it.",
        cli_hint="bulkops key set --env NAME, or the variable BULKOPS_API_KEY",
    ),
    Message(
        "key.shape",
        "Not a key",
        "That is not a key: it holds blanks or characters that a key cannot have.",
        "Copy the key once more, without blanks, quotes or line ends.",
    ),
    Message(
        "key.store",
        "Key cannot be stored safely",
        "This computer has no safe place for a key ({value}).",
        "Ask IT to switch on this computer's credential store. Until then bulkops takes the key from the variable BULKOPS_API_KEY.",
    ),
    Message(
        "key.silent",
        "The credential store does not answer",
        "This computer's credential store has not answered for {value} seconds.",
        "Look whether it asks for its password somewhere, and start again. Until it answers, bulkops takes the key from the variable BULKOPS_API_KEY.",
    ),
    Message(
        "key.fixed",
        "Practice needs no key",
        "The practice environment has a key of its own.",
        "Practise without a key, or choose another environment.",
    ),
    Message(
        "me.refused",
        "Key or permission refused",
        "{value} did not accept the key ({words}). Nothing was sent.",
        "Ask your EnergyCAP administrator: the key does not work there, or its owner lacks the permission.",
        cli_hint="bulkops key test --env NAME",
    ),
    Message(
        "me.not_reached",
        "EnergyCAP was not reached",
        "{value} was not reached. {words} Nothing was sent.",
        "{extra} Then run again.",
    ),
    Message(
        "me.odd",
        "Something else answered",
        "{value} answered, but not as EnergyCAP does ({words}). Nothing was sent.",
        "Check the address, and run again later: a sign-in page or maintenance may stand in between.",
    ),
    Message(
        "env.name",
        "Not a name for an environment",
        "“{value}” cannot be the name of an environment.",
        "Choose a name of 1 to 40 characters that bulkops does not use itself.",
    ),
    Message(
        "env.name_taken",
        "Name of another host",
        "“{value}” is the name of an environment on {extra}.",
        "Choose another name.",
    ),
    Message(
        "env.names",
        "Names cannot be read",
        "The names of environments ({path}) cannot be read.",
        "Put the file back from a backup. Without one, rename it and store each key under its name once more: what was sent is remembered all the same.",
    ),
    Message(
        "me.other_source",
        "Another data source than before",
        "The key for {value} leads to the data source “{words}”, but earlier runs under that name changed “{extra}”. Nothing was sent.",
        "Store the right key. If it is another customer on the same host, give it a name of its own.",
        cli_hint="bulkops key set --env NAME",
    ),
    Message(
        "me.untold",
        "Data source not told",
        "{value} no longer says which data source the key leads to; earlier runs under that name changed “{extra}”. Nothing was sent.",
        "Make sure that the key is the one for “{extra}”. Then run it and say yes to the question yourself.",
        cli_hint="leave out --yes",
    ),
)
