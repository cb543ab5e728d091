"""Series of points enter, a chart as SVG leaves: no script, nothing from the net, readable on light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 34, 46
_TICKS = 5
_COLOURS = ("#2f6fde", "#d1495b", "#6b7280")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """Points joined by a line, or a dashed one where they are what is to be held to; `marked` puts dots on them."""

    name: str
    points: Sequence[Point]
    dashed: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows, from 0 to `most`, in per cent."""

    label: str
    most: float = 1.0


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """Draw shares against shares.

    Args:
        title: What it shows.
        x: The horizontal axis.
        y: The vertical axis.
        series: Up to three; points beyond an axis are cut off at its end.

    Returns:
        One `<svg>` element.
    """
    lines = [_line(one, colour, x, y) for one, colour in zip(series, _COLOURS, strict=False)]
    names = [_name(place, one, colour) for place, (one, colour) in enumerate(zip(series, _COLOURS, strict=False))]
    middle = _TOP + (HEIGHT - _TOP - _BOTTOM) / 2
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#6b7280">'
            ),
            f"<title>{escape(title)}</title>",
            *_grid(x, y),
            *lines,
            *names,
            (
                f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">'
                f"{escape(x.label)}</text>"
            ),
            f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y.label)}</text>',
            "</svg>",
        ]
    )


def _grid(x: Axis, y: Axis) -> list[str]:
    parts = []
    for step in range(_TICKS + 1):
        share = step / _TICKS
        across, up = _place((share * x.most, 0.0), x, y)[0], _place((0.0, share * y.most), x, y)[1]
        parts += [
            (
                f'<line x1="{_LEFT}" y1="{up:.1f}" x2="{WIDTH - _RIGHT}" y2="{up:.1f}" stroke="#9ca3af" '
                'stroke-opacity="0.35"/>'
            ),
            f'<text x="{_LEFT - 6}" y="{up + 4:.1f}" text-anchor="end">{100 * share * y.most:.3g} %</text>',
            (
                f'<text x="{across:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">'
                f"{100 * share * x.most:.3g} %</text>"
            ),
        ]
    return parts


def _line(series: Series, colour: str, x: Axis, y: Axis) -> str:
    placed = [_place(point, x, y) for point in series.points]
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in placed)
    dashes = ' stroke-dasharray="5 4"' if series.dashed else ""
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in placed if series.marked)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>{dots}'


def _name(place: int, series: Series, colour: str) -> str:
    across = _LEFT + place * (WIDTH - _LEFT - _RIGHT) / len(_COLOURS)
    return f'<text x="{across:.0f}" y="20" fill="{colour}">{escape(series.name)}</text>'


def _place(point: Point, x: Axis, y: Axis) -> Point:
    across, up = (min(1.0, max(0.0, value / axis.most)) for value, axis in zip(point, (x, y), strict=True))
    return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)
