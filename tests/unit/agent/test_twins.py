import pytest

from agent.twins import are_twins

LEEDS, BRISTOL = "Guest Wi-Fi for visitors (Millgate House, Leeds)", "Guest Wi-Fi for visitors (Quayside, Bristol)"


@pytest.mark.parametrize(
    ("title", "other", "ticket", "twins"),
    [
        (LEEDS, BRISTOL, "Internet for a visitor", True),
        (LEEDS, BRISTOL, "wifi for two auditors at Millgate House", False),
        ("KubeCPUOvercommit", "KubeMemoryOvercommit", "cluster overcommitted", True),
        ("KubeCPUOvercommit", "KubeMemoryOvercommit", "memory overcommitted", False),
        ("Reset a password", "Printer out of toner", "help me", False),
        ("VPN", "VPN", "vpn", True),
    ],
)
def test_are_twins(title, other, ticket, twins):
    assert are_twins(title, other, ticket) is twins
    assert are_twins(other, title, ticket) is twins
