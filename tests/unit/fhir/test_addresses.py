import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from tests.support.fhir_server import FhirServer, running
from tests.support.patience import PATIENCE_S

from marrowd.fhir.addresses import (
    AddressRefused,
    PinnedResolver,
    is_refused,
    pinned_connector,
)
from marrowd.fhir.answers import Unusable
from marrowd.fhir.client import FhirClient
from marrowd.fhir.transport import Limits, Transport


class Names(AbstractResolver):
    """A name service of ours; it changes its mind at each question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host, port=0, family=socket.AF_INET):  # noqa: ARG002 - as aiohttp asks
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in answer
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_addresses_that_no_fhir_server_has(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7", "192.168.1.1", "172.16.4.4", "127.0.0.1", "::1", "fd12::7", "93.184.216.34"],
)
def test_addresses_of_hospitals(address: str) -> None:
    assert not is_refused(address)


async def addresses(resolver: PinnedResolver, host: str) -> list[str]:
    return [found["host"] for found in await resolver.resolve(host, 443)]


async def test_bad_addresses_are_left_out() -> None:
    resolver = PinnedResolver(["fhir.test"], resolver=Names(["fe80::1%lo", "10.0.0.7"]))

    assert await addresses(resolver, "fhir.test") == ["10.0.0.7"]


async def test_a_name_that_leads_only_to_bad_ones_is_refused() -> None:
    resolver = PinnedResolver(["fhir.test"], resolver=Names(["169.254.169.254"]))

    with pytest.raises(AddressRefused):
        await resolver.resolve("fhir.test", 80)


async def test_another_host_is_not_even_looked_up() -> None:
    names = Names(["10.0.0.7"])

    with pytest.raises(AddressRefused):
        await PinnedResolver(["fhir.test"], resolver=names).resolve("other.test", 80)

    assert names.asked == []
    await PinnedResolver([], resolver=names).close()


LIMITS = Limits(timeout_s=PATIENCE_S, tries=1)


async def test_a_connection_goes_to_the_address_that_was_checked() -> None:
    """A name that leads elsewhere when asked again (DNS rebinding) leads nowhere new."""
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    async with running(FhirServer()) as server:
        server.put({"resourceType": "Observation", "id": "1"})
        base = server.base_url.replace("127.0.0.1", "fhir.test")
        connector = pinned_connector([base], per_host=2)
        connector._resolver = PinnedResolver(["fhir.test"], resolver=names)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = FhirClient(Transport(session, limits=LIMITS), base)
            await client.read("Observation/1")

    assert names.asked == ["fhir.test"]


async def test_a_refused_address_is_said_to_the_operator() -> None:
    base = "http://fhir.test/r4"
    connector = pinned_connector([base], per_host=2)
    connector._resolver = PinnedResolver(["fhir.test"], resolver=Names(["169.254.169.254"]))
    async with aiohttp.ClientSession(connector=connector) as session:
        client = FhirClient(Transport(session, limits=LIMITS), base)
        with pytest.raises(Unusable, match=r"read refused: .* link-local or metadata address"):
            await client.read("Observation/1")


async def test_only_configured_hosts_are_reached() -> None:
    connector = pinned_connector(["http://localhost:1/r4"], per_host=2)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = FhirClient(Transport(session, limits=LIMITS), "http://ip6-localhost:1/r4")
        with pytest.raises(Unusable, match="read refused: a host that is not configured"):
            await client.read("Observation/1")


async def test_a_base_url_by_address_is_the_operators_word() -> None:
    async with running(FhirServer()) as server:
        server.put({"resourceType": "Observation", "id": "1"})
        connector = pinned_connector([server.base_url], per_host=2)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = FhirClient(Transport(session, limits=LIMITS), server.base_url)

            assert (await client.read("Observation/1"))["id"] == "1"


async def test_the_pool_is_bounded_per_host_and_in_all() -> None:
    urls = ["http://a.test/r4", "http://a.test/other", "https://b.test"]
    connector = pinned_connector(urls, per_host=3)

    assert (connector.limit, connector.limit_per_host) == (6, 3)
    await connector.close()
