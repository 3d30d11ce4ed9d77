"""How the proof's time and memory grow with the fleet, drawn: log-log panels, SVG, by the standard library alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

_WIDTH: Final = 390
_HEIGHT: Final = 300
_LEFT: Final = 68
_TOP: Final = 40
_PLOT: Final = (290, 210)
"""of a panel: width and height within the axes"""
_COLOUR: Final = "#1f4e79"


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity by the number of tenants."""

    title: str
    unit: str
    points: Sequence[tuple[float, float]]

    @property
    def slope(self) -> float:
        """The exponent of growth: the slope of the logarithms by least squares."""
        xs, ys = ([math.log(point[axis]) for point in self.points] for axis in (0, 1))
        return statistics.linear_regression(xs, ys).slope


def draw(panels: Sequence[Panel]) -> str:
    """The figure as an SVG document."""
    size = {"width": str(_WIDTH * len(panels)), "height": str(_HEIGHT)}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "font-family": "sans-serif"})
    ET.SubElement(root, "rect", {**size, "fill": "white"})
    for number, panel in enumerate(panels):
        group = ET.SubElement(root, "g", {"transform": f"translate({number * _WIDTH + _LEFT},{_TOP})"})
        _panel(group, panel)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _panel(group: ET.Element, panel: Panel) -> None:
    width, height = _PLOT
    xs, ys = ([point[axis] for point in panel.points] for axis in (0, 1))
    across, up = _decades(xs), _decades(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        along = (math.log10(x) - across[0]) / (across[1] - across[0])
        high = (math.log10(y) - up[0]) / (up[1] - up[0])
        return round(along * width, 1), round(height - high * height, 1)

    _text(group, width / 2, -16, f"{panel.title}: grows with exponent {panel.slope:.2f}", size=13)
    for power in range(across[0], across[1] + 1):
        x, _ = place(10.0**power, 10.0 ** up[0])
        _line(group, (x, 0), (x, height))
        _text(group, x, height + 18, f"{10**power:,}")
    for power in range(up[0], up[1] + 1):
        _, y = place(10.0 ** across[0], 10.0**power)
        _line(group, (0, y), (width, y))
        _text(group, -6, y + 4, f"{10.0**power:,g} {panel.unit}", anchor="end")
    _text(group, width / 2, height + 36, "tenants")
    places = [place(x, y) for x, y in panel.points]
    way = " ".join(f"{x},{y}" for x, y in places)
    ET.SubElement(group, "polyline", {"points": way, "fill": "none", "stroke": _COLOUR, "stroke-width": "1.5"})
    for (x, y), (tenants, value) in zip(places, panel.points, strict=True):
        dot = ET.SubElement(group, "circle", {"cx": str(x), "cy": str(y), "r": "3.5", "fill": _COLOUR})
        ET.SubElement(dot, "title").text = f"{tenants:,.0f} tenants: {value:,g} {panel.unit}"
        _text(group, x, y - 8, f"{value:,.3g}")


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _line(group: ET.Element, start: tuple[float, float], end: tuple[float, float]) -> None:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    ET.SubElement(group, "line", {"stroke": "#cccccc", **{name: str(value) for name, value in ends.items()}})


def _text(group: ET.Element, x: float, y: float, text: str, *, size: int = 11, anchor: str = "middle") -> None:
    where = {"x": str(x), "y": str(y), "font-size": str(size), "text-anchor": anchor, "fill": "#222222"}
    ET.SubElement(group, "text", where).text = text
