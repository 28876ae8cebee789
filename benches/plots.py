"""Line plots as SVG, with nothing but Python's standard library."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ["#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce"]


def logarithmic(path, title, x_label, y_label, lines):
    """Writes a plot whose axes are both logarithmic. `lines`: name -> [(x, y), ...]."""
    points = [point for line in lines.values() for point in line]
    xs, ys = zip(*points)
    left, right = decades(min(xs), max(xs))
    low, high = decades(min(ys), max(ys))

    def x_of(x):
        return LEFT + (math.log10(x) - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def y_of(y):
        return HEIGHT - BOTTOM - (math.log10(y) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 24, title, size=15),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, anchor="middle"),
        text(16, (TOP + HEIGHT - BOTTOM) / 2, y_label, anchor="middle", turned=True),
    ]
    for exponent in range(left, right + 1):
        x = x_of(10**exponent)
        parts.append(rule(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(text(x, HEIGHT - BOTTOM + 18, number(10**exponent), anchor="middle"))
    for exponent in range(low, high + 1):
        y = y_of(10**exponent)
        parts.append(rule(LEFT, y, WIDTH - RIGHT, y))
        parts.append(text(LEFT - 8, y + 4, number(10**exponent), anchor="end"))
    for colour, (name, line) in zip(COLOURS, lines.items()):
        where = [(x_of(x), y_of(y)) for x, y in line]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in where]
        parts.append(text(where[-1][0] + 10, where[-1][1] + 4, name, colour=colour))
    parts.append("</svg>")
    path.write_text("\n".join(parts) + "\n")


def decades(low, high):
    """The powers of ten around two numbers, never the same."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return first, max(last, first + 1)


def number(value):
    """A round number, short."""
    for size, letter in [(1_000_000, "M"), (1_000, "k")]:
        if value >= size:
            return f"{value // size}{letter}"
    return f"{value:g}"


def text(x, y, content, anchor="start", size=12, colour="#333", turned=False):
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}"{turn}>{escape(content)}</text>'
    )


def rule(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
