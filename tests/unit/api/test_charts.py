from defusedxml import ElementTree

from api.charts import HEIGHT, WIDTH, Axis, Series, chart

NAMESPACE = {"s": "http://www.w3.org/2000/svg"}


def drawn(*series):
    return ElementTree.fromstring(chart("Risk & coverage", Axis("acted on"), Axis("wrong", 0.2), series))


def test_points_lie_where_their_shares_are_and_never_outside():
    svg = drawn(Series("seen", [(0.0, 0.0), (1.0, 0.2), (0.5, 0.9)]))
    (line,) = svg.findall("s:polyline", NAMESPACE)
    (left, bottom), (right, top), (middle, cut) = (map(float, one.split(",")) for one in line.get("points").split())
    assert left < middle < right < WIDTH
    assert middle == (left + right) / 2
    assert 0 < top < bottom < HEIGHT
    assert cut == top


def test_names_are_text_and_nothing_else():
    svg = drawn(Series("<script>&", [(0.1, 0.1)], dashed=True, marked=True))
    assert "<script>&" in [text.text for text in svg.findall("s:text", NAMESPACE)]
    assert len(svg.findall("s:circle", NAMESPACE)) == 1
    assert svg.findtext("s:title", namespaces=NAMESPACE) == "Risk & coverage"
