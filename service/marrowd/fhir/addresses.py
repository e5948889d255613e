"""
Which machines the FHIR client may connect to.

Only hosts that the configuration names are looked up at all. Of the addresses that a name leads to,
those that no FHIR server has are left out (link-local, the metadata services of clouds): a name
under somebody else's control could lead there, and the answer would be read as theirs. aiohttp
connects to the very addresses given here, so that a name that changes in between changes nothing.
An address written in the configuration itself is looked up nowhere and is the operator's word.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from marrowd.errors import EhrUnavailable
from marrowd.fhir.answers import Unreachable, Unusable

_METADATA = frozenset(
    {
        # Beside 169.254.169.254, which is link-local. From the clouds' own manuals:
        ip_address("fd00:ec2::254"),  # AWS, instance metadata by IPv6
        ip_address("100.100.100.200"),  # Alibaba Cloud, instance metadata
        ip_address("168.63.129.16"),  # Azure, the platform's own endpoint ("WireServer")
        ip_address("192.0.0.192"),  # Oracle Cloud Classic, instance metadata
    }
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_BROADCAST = IPv4Address("255.255.255.255")


class AddressRefused(OSError):
    """A name that is not to be looked up, or that leads only where no FHIR server is."""


class PinnedResolver(AbstractResolver):
    """Looks up the names it was given and no others."""

    def __init__(self, hosts: Iterable[str], *, resolver: AbstractResolver) -> None:
        self._hosts = frozenset(hosts)
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """
        Give the addresses of *host* that may be connected to.

        Raises:
            AddressRefused: none may, or it is not a configured host.
        """
        if host not in self._hosts:
            message = "a host that is not configured"
            raise AddressRefused(message)
        found = await self._resolver.resolve(host, port, family)
        allowed = [address for address in found if not is_refused(address["host"])]
        if found and not allowed:
            message = "a host name that leads to a link-local or metadata address"
            raise AddressRefused(message)
        return allowed

    async def close(self) -> None:
        """Close what looks names up."""
        await self._resolver.close()


def is_refused(written: str) -> bool:
    """Say whether no FHIR server has this address."""
    address = _unwrapped(ip_address(written.partition("%")[0]))
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
        or address == _BROADCAST
    )


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 address only carries."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def unreached(error: aiohttp.ClientError | OSError, what: str) -> EhrUnavailable:
    """Say why there was no answer, without the error's own text: it may quote the URL."""
    cause = getattr(error, "os_error", error)
    if isinstance(cause, AddressRefused):
        return Unusable(f"{what} refused: {cause}")
    return Unreachable(f"{what} failed: {type(error).__name__}")


def pinned_connector(urls: Iterable[str], *, per_host: int) -> aiohttp.TCPConnector:
    """
    Give a connector that reaches the hosts of *urls* and no others.

    Args:
        urls: as configured.
        per_host: connections to one host at a time; more requests wait for one to be free.
    """
    hosts = {host for url in urls if (host := URL(url).raw_host)}
    return aiohttp.TCPConnector(
        limit=per_host * max(1, len(hosts)),
        limit_per_host=per_host,
        resolver=PinnedResolver(hosts, resolver=aiohttp.ThreadedResolver()),
    )
