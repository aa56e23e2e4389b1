"""The environment variables that libraries take settings from, and that this program does not.

A rule, a certificate check or a record must not depend on what somebody has set for another program.
"""

import os

_PREFIXES = (
    "PANDERA_",  # switches rules off; a wrong value stops its import
    "PANDAS_",  # changes how values are copied and compared; a wrong value stops its import
    "NUMPY_",  # a wrong value stops its import
    "NPY_",
    "OPENPYXL_",  # which XML parser it uses
    "PYDANTIC_",
    "KEYRING_PROPERTY_",  # under what name a key is looked for
    "TYPER_",
    "_TYPER_",
    "FASTAPI_",
    "OTEL_",  # reports of the practice server's requests, to an address of its own
)
_NAMES = {
    "_BULKOPS_COMPLETE",  # typer would complete the command line instead of running it, and exit with 0
    "SSLKEYLOGFILE",  # the keys of every connection, in a file: with them the API key can be read off the wire
    "REQUESTS_CA_BUNDLE",  # certificates beside the operating system's
    "CURL_CA_BUNDLE",
    "NETRC",  # a user and password that requests would send
    "SILENCE_WARNING_PYDANTIC_MODEL",
    "WEB_CONCURRENCY",  # uvicorn's, of the practice server
    "FORWARDED_ALLOW_IPS",
}


def drop_foreign_settings() -> None:
    """Take them out of this process's environment, and so out of its children's."""
    for name in list(os.environ):
        if name.upper().startswith(_PREFIXES) or name.upper() in _NAMES:
            del os.environ[name]
