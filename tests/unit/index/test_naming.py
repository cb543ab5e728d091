import pytest

from index.naming import identifiers, names


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("[FIRING] KubePodCrashLooping\nPod is crashing", {"kubepodcrashlooping"}),
        ("alert kube_pod_crash_looping fired", {"kubepodcrashlooping"}),
        ("see vpn-disconnects, please", {"vpndisconnects"}),
        ("error ORA-00600 again", {"ora00600"}),
        ("host mill-db-02:5432 is down", {"milldb025432"}),
        ("my account balance is wrong", set()),
        ("WIFI BROKEN AGAIN", set()),
        ("e-mail", set()),
        ("__important__ please", set()),
        ("_" * 5000 + "a", set()),
        ("a_" * 5000 + "!", {"a" * 5000}),
    ],
)
def test_finds_names_and_leaves_words(query, found):
    assert identifiers(query) == found


def test_an_article_goes_by_its_title_and_the_last_part_of_its_id():
    assert names("kubernetes/KubeAPIDown", "Kube API Down") == {"kubeapidown"}
    assert names("manual/alerts/disk-space-low", "Low disk") == {"diskspacelow"}
