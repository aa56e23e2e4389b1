"""Certificates of the tests' own making, for the servers that speak TLS."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


def certificate(folder: Path, name: str, *others: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own making for these names, and that certificate's file.

    Skips the test where there is no openssl to make one.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this computer to make a certificate with")
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    names = ",".join(f"{'IP' if each[0].isdigit() else 'DNS'}:{each}" for each in (name, *others))
    made = subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("this computer's openssl cannot make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def issued(folder: Path, name: str, days: tuple[int, int] = (-1, 2)) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for this name, valid between these days from now, and the file of the
    authority of its own making that issued it. Skips the test as ``certificate`` does."""
    certificate(folder, name)
    certificate(folder, "authority")
    begins, ends = (f"{datetime.now(UTC) + timedelta(days=day):%Y%m%d%H%M%SZ}" for day in days)
    kind = "DNS" if name.strip("0123456789.") else "IP"
    config, cert = folder / "ca.cnf", folder / f"{name} issued.pem"
    config.write_text(
        f"""[ca]
default_ca = a
[a]
database = {folder.as_posix()}/index.txt
new_certs_dir = {folder.as_posix()}
serial = {folder.as_posix()}/serial
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = supplied
[e]
subjectAltName = {kind}:{name}
""",
        encoding="ascii",
    )
    (folder / "index.txt").write_text("", encoding="ascii")
    (folder / "serial").write_text("01\n", encoding="ascii")
    asked = ("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={name}", "-out", folder / f"{name}.csr")
    signed = (
        *("ca", "-batch", "-notext", "-config", config, "-in", folder / f"{name}.csr", "-out", cert),
        *("-cert", folder / "authority.pem", "-keyfile", folder / "authority.key"),
        *("-startdate", begins, "-enddate", ends),
    )
    for arguments in (asked, signed):
        if subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False).returncode:
            pytest.skip("this computer's openssl cannot make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, folder / f"{name}.key")
    return context, folder / "authority.pem"
