"""The colours of all figures, told apart by colour-blind people too (after Okabe and Ito 2008)."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap

PAPER, INK, GREY, FAINT, ACCENT = "#fffdf7", "#2b2722", "#746d62", "#eae5da", "#c2410c"
SOFT = "#d9b48a"
RIGHT, WRONG = "#2f6f9f", "#d1490a"
"""Blue and orange, since red and green are one colour for one man in twelve."""
CLASS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#4d4a45", "#7a4fa3")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""A class has a colour and a shape; with the next round of colours the shapes are others."""
HEAT = LinearSegmentedColormap.from_list("heat", [PAPER, "#f3d9b8", "#d9823b", "#8f2d0c"])
SURE = LinearSegmentedColormap.from_list("sure", [WRONG, "#f6c9a6", PAPER, "#a9cbe3", RIGHT])
"""From what is held to be impossible to what is sure."""
