"""Which local ports a tunnel prefers."""

from __future__ import annotations

from draft_ls.deploy.tunnel import FIRST_PORT, PORTS, preferred_ports


def test_the_same_name_prefers_the_same_ports() -> None:
    assert preferred_ports("app", 8080) == preferred_ports("app", 8080)
    assert preferred_ports("app", 8080) != preferred_ports("app", 8081)
    assert preferred_ports("app", 8080) != preferred_ports("other", 8080)


def test_preferred_ports_stay_out_of_the_ephemeral_ranges() -> None:
    for number in range(500):
        ports = preferred_ports(str(number), 80)
        assert len(set(ports)) == len(ports)
        assert all(FIRST_PORT <= port < FIRST_PORT + PORTS < 30_001 for port in ports)
