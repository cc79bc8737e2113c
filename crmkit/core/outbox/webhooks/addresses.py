"""Addresses that messages may go to: the public internet, and the networks that are allowed by name.

A name is resolved once, and the connection goes to the very address that was checked; so a name server that answers
differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from crmkit.core.outbox.webhooks.problems import EndpointError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    Resolve = Callable[[str, int], Sequence[str]]

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses within IPv6 ones (RFC 6052)."""


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        EndpointError: if it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EndpointError(_("The host {host} can't be found.", host=host)) from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def allowed_address(host: str, port: int, allowed: Sequence[Network], *, is_safe: bool, resolve: Resolve) -> str:
    """Return an address of a host to connect to. All its addresses must be allowed, not just one.

    `is_safe` says whether the connection is encrypted; without it, only networks that are allowed by name are.

    Raises:
        EndpointError: if the host has no address, or one that messages may not go to.
    """
    addresses = resolve(host, port)
    for each in addresses:
        if not is_allowed(ipaddress.ip_address(each.partition("%")[0]), allowed, is_safe=is_safe):
            raise EndpointError(_("The host {host} is in a network that messages may not go to.", host=host))
    return addresses[0]


def is_allowed(address: Address, allowed: Sequence[Network], *, is_safe: bool) -> bool:
    """Return whether messages may go to an address: it is in an allowed network, or on the public internet."""
    inner = unpacked(address)
    if any(inner.version == each.version and inner in each for each in allowed):
        return True
    return is_safe and inner.is_global and not inner.is_multicast


def unpacked(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
