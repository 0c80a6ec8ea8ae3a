"""Checks the settings of this machine that a call depends on: proxies and certificate files."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from iicl_tui.agents.access import host_of
from iicl_tui.text import printable

_SCHEMES = ("http", "https", "socks5", "socks5h")


class BadSetting(Exception):
    """A setting of this machine makes calls impossible.

    Attributes:
        title: What is wrong, in a few words.
        what: What happened.
        remedy: What to do.
    """

    def __init__(self, title: str, what: str, remedy: str) -> None:
        super().__init__(title)
        self.title, self.what, self.remedy = title, what, remedy


class Proxy(NamedTuple):
    """A proxy that calls go through.

    Attributes:
        variable: The environment variable that names it; "the system's settings" if none does.
        url: Its URL. It may hold a password.
    """

    variable: str
    url: str

    @property
    def address(self) -> str:
        """Scheme, host and port for a person, without a password; what was written if it is no address."""
        found = re.fullmatch(r"([a-z0-9+.-]*://)?(?:.*@)?([^/?#]*).*", self.url, re.I | re.S)
        return printable(f"{found[1] or ''}{found[2]}" if found is not None else self.url, 120)

    @property
    def through(self) -> str:
        """A sentence that says that a call went through it."""
        return f" The call went through the proxy {self.address} ({self.variable})."


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy that a call to this URL goes through; None if it goes there directly."""
    scheme, host = urlsplit(url).scheme, host_of(url)
    proxies = getproxies()
    found = next((name for name in (scheme, "all") if proxies.get(name)), None)
    if found is None or not host or proxy_bypass(host) or _is_excepted(urlsplit(url).hostname or "", proxies.get("no", "")):
        return None
    named = proxies[found].strip()
    variables = (f"{found}_proxy", f"{found.upper()}_PROXY")
    variable = next((name for name in variables if environment.get(name)), "the system's settings")
    return Proxy(variable, named if "://" in named else f"http://{named}")


def _is_excepted(name: str, entries: str) -> bool:
    """Whether NO_PROXY names this host in one of the forms that urllib does not know: *.host, [IPv6], or a network."""
    for entry in (each.strip().lower().strip("[]") for each in entries.split(",")):
        if entry == name or (entry.startswith("*.") and name.endswith(entry[1:])):
            return True
        try:
            if "/" in entry and ip_address(name) in ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    return False


def check_environment(url: str) -> Proxy | None:
    """Checks the proxy of a URL, which is returned, and the certificate files.

    Raises:
        BadSetting: A setting is wrong.
    """
    proxy = proxy_for(url)
    if proxy is not None:
        _check_proxy(proxy)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        named = os.environ.get(variable)
        if named:
            _check_certificates(variable, named)
    return proxy


def _check_proxy(proxy: Proxy) -> None:
    scheme, remedy = proxy.url.partition("://")[0].lower(), f"Correct {proxy.variable}, or unset it."
    what = f"{proxy.variable} names the proxy {proxy.address}"
    if scheme not in _SCHEMES:
        known = "http, https, socks5 and socks5h"
        raise BadSetting("The proxy's address is wrong", f"{what}, whose scheme is not one of {known}.", remedy)
    if not host_of(proxy.url) or host_of(proxy.url).endswith(":0"):
        raise BadSetting("The proxy's address is wrong", f"{what}, which has no valid host and port.", remedy)
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise BadSetting(
            "SOCKS proxies need another package",
            f"{what}. The package socksio, which SOCKS proxies need, is not installed.",
            f"Install it with: pip install socksio. Or unset {proxy.variable}.",
        )


def _check_certificates(variable: str, named: str) -> None:
    shown, remedy = printable(named, 200), f"Correct {variable}, or unset it to use the system's certificates."
    path, directory = Path(named), variable.endswith("_DIR")
    if directory and not any(Path(part).is_dir() for part in named.split(os.pathsep)):
        raise BadSetting("The certificates' folder is missing", f"{variable} names “{shown}”, which is not a folder.", remedy)
    if directory:
        return
    if not path.is_file():
        raise BadSetting("The certificate file is missing", f"{variable} names “{shown}”, which is not a file.", remedy)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=named)
    except (ssl.SSLError, OSError) as error:
        reason = printable(str(getattr(error, "reason", None) or error), 120)
        raise BadSetting(
            "The certificate file cannot be read", f"{variable} names “{shown}”, which holds no certificates: {reason}.", remedy
        ) from None
